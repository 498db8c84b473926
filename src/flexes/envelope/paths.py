"""Facet paths: how a predicate, a quality metric or a channel rule names the value that it reads.

    PATH = seg { "." NAME | "[" ["-"] digits "]" | "[*]" | "[" JSON-string "]" }
    seg  = NAME | "$run" | "$node" | "$signal" | "[" JSON-string "]"
    NAME = [A-Za-z_][A-Za-z0-9_-]*

1. Keys are dictionary keys, never attributes; a negative index counts from the end.
2. Null on the way is as missing. A scalar on the way, or an index on what is no list, is a crossing.
3. At most one `[*]`; it stands for the tail of each element, and elements that lack it or hold null drop out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias

from flexes.envelope.quoting import quoted, scan_quoted
from flexes.errors import PredicateError, Problem


class Missing(Enum):
    """The type of `MISSING`, so that type checkers narrow on it."""

    MISSING = "missing"


class Wildcard(Enum):
    """The type of `WILDCARD`."""

    WILDCARD = "*"


MISSING: Final = Missing.MISSING
WILDCARD: Final = Wildcard.WILDCARD

MAX_CHARS: Final = 256
MAX_SEGMENTS: Final = 16

ROOT_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "$run": ("costTotal", "costProjected", "replans", "elapsedMs"),
    "$node": ("id", "kind", "stage", "capability", "attempt", "latencyMs", "cost"),
    "$signal": ("kind", "metrics.*", "validation.ok", "retryable"),
}
"""What the reserved roots hold; `*` is any one key."""

KEYWORDS: Final = frozenset({"and", "or", "not", "true", "false", "null"})
"""Words of the text form: a facet of such a name is written quoted, `["and"]`."""

Segment: TypeAlias = str | int | Wildcard

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_RESERVED = re.compile(r"\$[A-Za-z0-9_-]*")
_INDEX = re.compile(r"\[(-?[0-9]{1,15})\]")
_KINDS: Final = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "list",
    dict: "object",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path: a root name, and the keys, indexes and at most one `WILDCARD` below it."""

    root: str
    segments: tuple[Segment, ...] = ()

    def __str__(self) -> str:
        """Return the path as `print_path` writes it."""
        return print_path(self)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A path met a value that it cannot enter.

    Attributes:
        at: Path of the value in the way.
        expected: `object` or `list`.
        got: What is there, as `kind_of` names it.
    """

    at: str
    expected: str
    got: str

    def __str__(self) -> str:
        """Return the crossing as the reason of an invalid outcome."""
        return f"expected {self.expected} at {self.at}, got {self.got}"


@lru_cache(maxsize=4096)
def parse_path(text: str, max_chars: int = MAX_CHARS, max_segments: int = MAX_SEGMENTS) -> Path:
    """Return the path that the whole text spells; the root counts as a segment.

    Raises:
        PredicateError: `bad_path`, `limit_path` or `reserved`, with the column in the text.
    """
    if len(text) > max_chars:
        raise _refused("limit_path", f"a path has at most {max_chars} characters; shorten it", text, 0)
    path, end = scan_path(text, 0, max_chars, max_segments)
    if end < len(text):
        raise _refused("bad_path", f"unexpected {text[end]!r}; quote odd keys, as in {_EXAMPLE}", text, end)
    return path


def scan_path(text: str, start: int, max_chars: int, max_segments: int) -> tuple[Path, int]:
    """Return the path that begins at `start` of a longer text, and where it ends.

    Raises:
        PredicateError: As `parse_path`; the column is that of the whole text.
    """
    root, at = _scan_root(text, start)
    segments: list[Segment] = []
    while at < len(text) and text[at] in ".[":
        segment, at = _scan_segment(text, at)
        segments.append(segment)
    path, spelt = Path(root, tuple(segments)), text[start:at]
    if len(segments) + 1 > max_segments:
        raise _refused("limit_path", f"a path has at most {max_segments} segments; shorten it", spelt, start)
    if max(len(spelt), len(print_path(path))) > max_chars:
        raise _refused("limit_path", f"a path has at most {max_chars} characters; shorten it", spelt, start)
    if segments.count(WILDCARD) > 1:
        raise _refused("bad_path", "a path has at most one [*]; test the inner list alone", spelt, start)
    if root.startswith("$"):
        _check_reserved(path, start)
    return path, at


def print_path(path: Path) -> str:
    """Return the canonical spelling; `parse_path` reads it back to an equal path."""
    bare = path.root in ROOT_MEMBERS or (_NAME.fullmatch(path.root) and path.root not in KEYWORDS)
    return (path.root if bare else f"[{quoted(path.root)}]") + "".join(_spelt(part) for part in path.segments)


def resolve(path: Path, root_value: object) -> object:
    """Return the value at the path: JSON, null included, or `MISSING`, or a `Crossing`.

    With `[*]` it is the list of what the elements hold. Never raises, whatever the value is.
    """
    return _walk(path, 0, root_value)


def kind_of(value: object) -> str:
    """Return what messages call a value: number, string, boolean, list, object, null, or why none of them."""
    if type(value) is float and not float("-inf") < value < float("inf"):
        return "NaN" if value != value else "infinity"
    return _KINDS.get(type(value), f"{type(value).__name__}, which is not JSON")


_EXAMPLE: Final = 'facet.key.list[0], facet["odd key"] or facet.list[-1]'


def _scan_root(text: str, start: int) -> tuple[str, int]:
    if found := _NAME.match(text, start) or _RESERVED.match(text, start):
        return found[0], found.end()
    if text.startswith('["', start):
        root, end = _scan_segment(text, start)
        if isinstance(root, str) and not root.startswith("$"):
            return root, end
        raise _refused("reserved", "a facet's name cannot begin with $", text[start:end], start)
    raise _refused("bad_path", f"expected a path, such as {_EXAMPLE}", text[start : start + 40], start)


def _scan_segment(text: str, at: int) -> tuple[Segment, int]:
    if text[at] == ".":
        if found := _NAME.match(text, at + 1):
            return found[0], found.end()
        raise _refused("bad_path", f"expected a key after the dot, as in {_EXAMPLE}", text, at + 1)
    if text.startswith("[*]", at):
        return WILDCARD, at + 3
    if found := _INDEX.match(text, at):
        return int(found[1]), found.end()
    key = scan_quoted(text, at + 1)
    if key and text.startswith("]", key[1]):
        return key[0], key[1] + 1
    raise _refused("bad_path", f'expected [0], [-1], [*] or ["key"], as in {_EXAMPLE}', text, at)


def _check_reserved(path: Path, start: int) -> None:
    members = ROOT_MEMBERS.get(path.root)
    if members is None:
        remedy = f"there is no {path.root}; the reserved roots are {', '.join(ROOT_MEMBERS)}"
        raise _refused("reserved", remedy, print_path(path), start)
    if not any(_is_member(path.segments, member.split(".")) for member in members):
        raise _refused("reserved", f"{path.root} has {', '.join(members)}", print_path(path), start)


def _is_member(segments: tuple[Segment, ...], member: Sequence[str]) -> bool:
    return len(segments) == len(member) and all(
        isinstance(segment, str) and wanted in ("*", segment) for segment, wanted in zip(segments, member, strict=True)
    )


def _spelt(segment: Segment) -> str:
    if segment is WILDCARD:
        return "[*]"
    if isinstance(segment, str):
        return f".{segment}" if _NAME.fullmatch(segment) else f"[{quoted(segment)}]"
    return f"[{segment}]"


def _walk(path: Path, start: int, value: object) -> object:
    for position in range(start, len(path.segments)):
        segment = path.segments[position]
        if value is None or value is MISSING:
            return MISSING
        if isinstance(segment, Wildcard):
            return _tails(path, position, value)
        if isinstance(segment, str) and type(value) is dict:
            value = value.get(segment, MISSING)
        elif isinstance(segment, int) and type(value) is list:
            value = value[segment] if -len(value) <= segment < len(value) else MISSING
        else:
            return _crossing(path, position, value)
    return value


def _tails(path: Path, position: int, value: object) -> object:
    if type(value) is not list:
        return _crossing(path, position, value)
    tails = [_walk(path, position + 1, item) for item in value]
    crossing = next((tail for tail in tails if type(tail) is Crossing), None)
    return crossing or [tail for tail in tails if tail is not None and tail is not MISSING]


def _crossing(path: Path, position: int, value: object) -> Crossing:
    expected = "object" if isinstance(path.segments[position], str) else "list"
    return Crossing(print_path(Path(path.root, path.segments[:position])), expected, kind_of(value))


def _refused(code: str, message: str, value: str, at: int) -> PredicateError:
    shown = value if len(value) <= 60 else value[:57] + "..."
    return PredicateError(Problem(code, "", message, shown), at + 1)
