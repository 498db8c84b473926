"""YAML as plain data: version 1.2, read event by event, so that nothing is built that would be refused.

Rules:
1. Only `true` and `false` are booleans (`on` and `yes` are text); dates and numbers with a leading zero stay text.
2. Aliases may repeat a value, but not grow a document beyond MAX_VALUES values.
3. Tags, merges, keys that are no text and a second document are refused.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import yaml

from flexes.envelope.model import MAX_DEPTH
from flexes.scenario.faults import Place, Refused, bounded_integer, empty, finite_number, not_finite, repeated, too_deep

MAX_VALUES: Final = 200_000
"""Values of a YAML document, repeated ones counted each time."""

_NUMBER: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TEXT_TAGS: Final = (None, "!", "tag:yaml.org,2002:str")
_NO_KEY: Final = object()


def from_yaml(text: str) -> Any:
    """Return a YAML document as plain data.

    Raises:
        Refused: It is no such document; says where.
    """
    reader = _YamlReader()
    try:
        for event in _events(text):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        at = _at(error.problem_mark or error.context_mark)
        raise Refused("syntax", f"not YAML: {error.problem or error.context}", at=at) from None
    except yaml.YAMLError as error:
        raise Refused("syntax", f"not YAML: {str(error).splitlines()[0]}") from None
    if not reader.documents:
        raise empty()
    return reader.documents[0]


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
                raise Refused("syntax", "a second document starts here; keep one in a file", at=at)
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
            raise Refused("bad_tag", f"the tag {event.tag} is not known here; remove it", at=at)
        is_text = bool(event.style) or event.tag is not None or self._at_key()
        self._place(event.value if is_text else _plain_scalar(event.value, at), event.anchor, 1, at)

    def _alias(self, event: yaml.AliasEvent, at: Place) -> None:
        if event.anchor not in self._anchors:
            raise Refused("bad_alias", f"*{event.anchor} names nothing that ends before it; write it out", at=at)
        value, size = self._anchors[event.anchor]
        self._place(value, None, size, at)

    def _begin(self, event: Any, at: Place) -> None:
        is_object = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!"):
            raise Refused("bad_tag", f"the tag {event.tag} is not known here; remove it", at=at)
        if self._at_key():
            raise Refused("bad_key", "a key is text; write one", at=at)
        if len(self._open) == MAX_DEPTH:
            raise too_deep(at)
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
            raise Refused("too_large", f"holds more than {MAX_VALUES:,} values; split the document", at=at)
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
            raise Refused("bad_key", "a key is text and nothing is merged into an object; write the keys out", at=at)
        if key in self._open[-1].value:
            raise repeated(key, at)
        return key


def _events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _at(mark: Any) -> Place:
    return (mark.line + 1, mark.column + 1) if mark else None


def _plain_scalar(text: str, at: Place) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    try:
        if _NOT_FINITE.fullmatch(text):
            not_finite(text)
        if not _NUMBER.fullmatch(text):
            return text
        return bounded_integer(text) if text.lstrip("+-").isdigit() else finite_number(text)
    except Refused as fault:
        raise Refused(fault.code, fault.message, at=at) from None
