"""Reading what people write: YAML or JSON files to plain data, whatever the file holds.

Rules:
1. At most MAX_BYTES are read and MAX_DEPTH levels are opened; both are measured before anything is built.
2. Data is what JSON can say: text keys, finite numbers, integers of 64 bits. A key stands once in an object.
3. YAML is read as version 1.2: only `true` and `false` are booleans (`on` and `yes` are text), dates stay text, and
   so do numbers with a leading zero. Aliases may repeat a value, but not grow a document beyond MAX_VALUES values.
4. A fault names the file, the line and the column.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import yaml

from flexes.envelope.model import MAX_DEPTH, MAX_INTEGER
from flexes.errors import InvalidDocument, Problem

MAX_BYTES: Final = 5_000_000
MAX_VALUES: Final = 200_000
"""Values of a YAML document, repeated ones counted each time."""

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}:,]|[^\s"\[\]{}:,]+', re.DOTALL)
_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_NUMBER: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
Place = tuple[int, int] | None
"""A line and a column from 1, if they are known."""

_MAX_DIGITS: Final = 4_000
_TEXT_TAGS: Final = (None, "!", "tag:yaml.org,2002:str")
_NO_KEY: Final = object()


class _Refused(Exception):
    """A fault while reading; `token` is what to look for, `at` its line and column if they are known."""

    def __init__(self, code: str, message: str, token: str = "", at: Place = None) -> None:
        self.code, self.message, self.token, self.at = code, message, token, at
        super().__init__(message)


def load_document(path: str | Path) -> Any:
    """Return what a file holds as plain data; `-` reads standard input.

    Raises:
        InvalidDocument: The file cannot be read, or its content is refused; says where and what to do.
    """
    name = "standard input" if str(path) == "-" else str(path)
    return parse_document(_read(path, name), name)


def parse_document(source: bytes | str, name: str, *, finite: bool = True) -> Any:
    """Return a source as plain data: JSON if `name` ends so or it looks so, else YAML.

    Args:
        name: What messages call it; its suffix tells the format.
        finite: Whether JSON numbers must be finite and of 64 bits; what only looks at data may want to see all.

    Raises:
        InvalidDocument: The source is refused; says where and what to do.
    """
    try:
        if len(source) > MAX_BYTES:
            raise _Refused("too_large", f"larger than {MAX_BYTES // 1_000_000} MB; split it, or refer to large data")
        text = source if isinstance(source, str) else _decoded(source)
        if not text.strip():
            raise _empty()
        return _from_json(text, finite) if _is_json(text, name) else _from_yaml(text)
    except _Refused as fault:
        where = f"line {fault.at[0]}, column {fault.at[1]}: " if fault.at else ""
        raise InvalidDocument([Problem(fault.code, "", where + fault.message)], f"file {name}") from None


def _read(path: str | Path, name: str) -> bytes:
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = Problem("unreadable_file", "", f"cannot be read ({reason}); check the path and its permissions")
        raise InvalidDocument([problem], f"file {name}") from None


def _decoded(source: bytes) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Refused("not_utf8", f"byte {error.start} is not UTF-8; save the file as UTF-8") from None


def _is_json(text: str, name: str) -> bool:
    suffix = Path(name).suffix.lower()
    return suffix == ".json" or (suffix not in (".yaml", ".yml") and text.lstrip()[:1] in ("{", "["))


def _from_json(text: str, finite: bool) -> Any:
    _check_depth(text)
    try:
        document = json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_float=_finite if finite else float,
            parse_int=_bounded if finite else _long,
            parse_constant=_not_finite if finite else float,
        )
        if _SURROGATE.search(text):
            json.dumps(document, ensure_ascii=False).encode()
        return document
    except json.JSONDecodeError as error:
        raise _Refused("syntax", f"not JSON: {error.msg}", at=(error.lineno, error.colno)) from None
    except UnicodeEncodeError:
        raise _Refused("bad_text", "a lone surrogate is not text; write well-formed Unicode") from None
    except _Refused as fault:
        at = _duplicate(text) if fault.code == "duplicate_key" else _place_of(text, fault.token)
        raise _Refused(fault.code, fault.message, at=at) from None


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for found in _BRACKET.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep(_line_column(text, found.start()))
        elif found[0] in ("]", "}"):
            depth -= 1


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _repeated(twice)
    return found


def _finite(text: str) -> float:
    value = float(text)
    return value if abs(value) != float("inf") else _not_finite(text)


def _bounded(text: str) -> int:
    if len(text) <= 20 and abs(value := int(text)) <= MAX_INTEGER:
        return value
    raise _Refused("huge_integer", "an integer has at most 64 bits; write a larger one as text", text)


def _long(text: str) -> int:
    return int(text) if len(text) <= _MAX_DIGITS else _bounded(text)


def _not_finite(text: str) -> NoReturn:
    raise _Refused("not_finite", f"{text[:20]} is not a finite number; use null, or leave the key out", text)


def _repeated(key: str, at: Place = None) -> _Refused:
    return _Refused("duplicate_key", f"the key {key[:80]!r} stands twice in one object; remove one", at=at)


def _empty() -> _Refused:
    return _Refused("empty", "holds nothing; write the document into it")


def _too_deep(at: Place) -> _Refused:
    return _Refused("too_deep", f"nested more than {MAX_DEPTH} levels deep; flatten the document", at=at)


def _duplicate(text: str) -> Place:
    """Return where JSON repeats a key: a text before a colon that its object already has."""
    scopes: list[set[str]] = []
    last: re.Match[str] | None = None
    for found in _TOKEN.finditer(text):
        if found[0] in ("{", "["):
            scopes.append(set())
        elif found[0] in ("}", "]"):
            scopes.pop()
        elif found[0] == ":" and last is not None:
            key = json.loads(last[0])
            if key in scopes[-1]:
                return _line_column(text, last.start())
            scopes[-1].add(key)
        last = found
    return None


def _place_of(text: str, token: str) -> Place:
    return next((_line_column(text, found.start()) for found in _TOKEN.finditer(text) if found[0] == token), None)


def _line_column(text: str, offset: int) -> Place:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class _Open(NamedTuple):
    """A YAML list or object that is being read; `key` holds the key that waits for its value."""

    value: Any
    key: list[Any]
    anchor: str | None
    values_before: int


class _YamlReader:
    """Builds plain data from parser events, without recursion; the parser holds no more than one token of lookahead."""

    def __init__(self) -> None:
        self.documents: list[Any] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        at = _at(event.start_mark)
        match event:
            case yaml.DocumentStartEvent() if self.documents:
                raise _Refused("syntax", "a second document starts here; keep one in a file", at=at)
            case yaml.ScalarEvent():
                self._scalar(event, at)
            case yaml.AliasEvent():
                self._alias(event, at)
            case yaml.CollectionStartEvent():
                self._begin(event, at)
            case yaml.CollectionEndEvent():
                self._end(at)
            case _:
                pass

    def _scalar(self, event: yaml.ScalarEvent, at: Place) -> None:
        if event.tag not in _TEXT_TAGS:
            raise _Refused("bad_tag", f"the tag {event.tag} is not known here; remove it", at=at)
        is_text = bool(event.style) or event.tag is not None or self._at_key()
        self._place(event.value if is_text else _plain_scalar(event.value, at), event.anchor, 1, at)

    def _alias(self, event: yaml.AliasEvent, at: Place) -> None:
        if event.anchor not in self._anchors:
            raise _Refused("bad_alias", f"*{event.anchor} names nothing that ends before it; write it out", at=at)
        value, size = self._anchors[event.anchor]
        self._place(value, None, size, at)

    def _begin(self, event: Any, at: Place) -> None:
        is_object = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!"):
            raise _Refused("bad_tag", f"the tag {event.tag} is not known here; remove it", at=at)
        if self._at_key():
            raise _Refused("bad_key", "a key is text; write one", at=at)
        if len(self._open) == MAX_DEPTH:
            raise _too_deep(at)
        self._open.append(_Open({} if is_object else [], [_NO_KEY], event.anchor, self._values))

    def _end(self, at: Place) -> None:
        done = self._open.pop()
        size = self._values - done.values_before + 1
        self._values = done.values_before
        self._place(done.value, done.anchor, size, at)

    def _at_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key[0] is _NO_KEY

    def _place(self, value: Any, anchor: str | None, size: int, at: Place) -> None:
        """Put a finished value where it belongs."""
        self._values += size
        if self._values > MAX_VALUES:
            raise _Refused("too_large", f"holds more than {MAX_VALUES:,} values; split the document", at=at)
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._open:
            self.documents.append(value)
        elif self._at_key():
            self._open[-1].key[0] = self._new_key(value, at)
        elif isinstance(self._open[-1].value, dict):
            here = self._open[-1]
            here.value[here.key[0]] = value
            here.key[0] = _NO_KEY
        else:
            self._open[-1].value.append(value)

    def _new_key(self, key: Any, at: Place) -> str:
        if not isinstance(key, str) or key == "<<":
            raise _Refused("bad_key", "a key is text and nothing is merged into an object; write the keys out", at=at)
        if key in self._open[-1].value:
            raise _repeated(key, at)
        return key


def _from_yaml(text: str) -> Any:
    reader = _YamlReader()
    try:
        for event in _events(text):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        at = _at(error.problem_mark or error.context_mark)
        raise _Refused("syntax", f"not YAML: {error.problem or error.context}", at=at) from None
    except yaml.YAMLError as error:
        raise _Refused("syntax", f"not YAML: {str(error).splitlines()[0]}") from None
    if not reader.documents:
        raise _empty()
    return reader.documents[0]


def _events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _at(mark: Any) -> Place:
    return (mark.line + 1, mark.column + 1) if mark else None


def _plain_scalar(text: str, at: Place) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    try:
        if _NOT_FINITE.fullmatch(text):
            _not_finite(text)
        if not _NUMBER.fullmatch(text):
            return text
        return _bounded(text) if text.lstrip("+-").isdigit() else _finite(text)
    except _Refused as fault:
        raise _Refused(fault.code, fault.message, at=at) from None
