"""Reading what people write: YAML or JSON files to plain data, whatever the file holds.

Rules:
1. At most MAX_BYTES are read and MAX_DEPTH levels are opened; both are measured before anything is built.
2. Data is what JSON can say: text keys, finite numbers, integers of 64 bits. A key stands once in an object.
3. A fault names the file, the line and the column.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from flexes.envelope.model import MAX_DEPTH
from flexes.errors import InvalidDocument, Problem
from flexes.scenario.faults import Place, Refused, bounded_integer, empty, finite_number, not_finite, repeated, too_deep
from flexes.scenario.yaml_reader import from_yaml

MAX_BYTES: Final = 5_000_000

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}:,]|[^\s"\[\]{}:,]+', re.DOTALL)
_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_DIGITS: Final = 4_000


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
            raise Refused("too_large", f"larger than {MAX_BYTES // 1_000_000} MB; split it, or refer to large data")
        text = source if isinstance(source, str) else _decoded(source)
        if not text.strip():
            raise empty()
        return _from_json(text, finite) if _is_json(text, name) else from_yaml(text)
    except Refused as fault:
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
        raise Refused("not_utf8", f"byte {error.start} is not UTF-8; save the file as UTF-8") from None


def _is_json(text: str, name: str) -> bool:
    suffix = Path(name).suffix.lower()
    return suffix == ".json" or (suffix not in (".yaml", ".yml") and text.lstrip()[:1] in ("{", "["))


def _from_json(text: str, finite: bool) -> Any:
    _check_depth(text)
    try:
        document = json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_float=finite_number if finite else float,
            parse_int=bounded_integer if finite else _long,
            parse_constant=not_finite if finite else float,
        )
        if _SURROGATE.search(text):
            json.dumps(document, ensure_ascii=False).encode()
        return document
    except json.JSONDecodeError as error:
        raise Refused("syntax", f"not JSON: {error.msg}", at=(error.lineno, error.colno)) from None
    except UnicodeEncodeError:
        raise Refused("bad_text", "a lone surrogate is not text; write well-formed Unicode") from None
    except Refused as fault:
        at = _duplicate(text) if fault.code == "duplicate_key" else _place_of(text, fault.token)
        raise Refused(fault.code, fault.message, at=at) from None


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for found in _BRACKET.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise too_deep(_line_column(text, found.start()))
        elif found[0] in ("]", "}"):
            depth -= 1


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise repeated(twice)
    return found


def _long(text: str) -> int:
    return int(text) if len(text) <= _MAX_DIGITS else bounded_integer(text)


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
