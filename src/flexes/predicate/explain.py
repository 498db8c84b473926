"""Why a predicate said what it said: each leaf with its result and the value it saw, capped and redacted."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from flexes.envelope.paths import MISSING, Crossing, Path, kind_of, resolve
from flexes.envelope.quoting import quoted
from flexes.envelope.redact import REDACTED, is_secret
from flexes.predicate.ast import Scalar, When, leaves_of, stored_path
from flexes.predicate.compile_leaf import compile_leaf
from flexes.predicate.fetch import Lookup
from flexes.predicate.limits import DEFAULT_LIMITS, Limits
from flexes.predicate.printer import literal_text, print_text
from flexes.predicate.verdict import Letter, letter

_MAX_TEXT: Final = 80
_MAX_STRING: Final = 40
_MAX_MEMBERS: Final = 5
_MAX_LEVELS: Final = 3


class LeafReport(NamedTuple):
    """What one leaf made of the facets.

    Attributes:
        seen: The value at the path as short text; `missing` or what was in the way if there is none.
        reason: Why the leaf is invalid or missing, or `false`; empty where it is true.
    """

    expression: str
    letter: Letter
    seen: str
    reason: str


def explain(ast: When, lookup: Lookup, limits: Limits = DEFAULT_LIMITS) -> tuple[LeafReport, ...]:
    """Return a report of each leaf, in the order in which they are written."""
    return tuple(_reports(ast, lookup, limits))


def _reports(ast: When, lookup: Lookup, limits: Limits) -> Iterator[LeafReport]:
    for leaf in leaves_of(ast):
        verdict = compile_leaf(leaf, limits)(lookup)
        seen = _seen(stored_path(leaf.path), lookup)
        yield LeafReport(print_text(leaf), letter(verdict), seen, verdict.reason)


def _seen(path: Path, lookup: Lookup) -> str:
    if any(map(is_secret, (path.root, *path.segments))):
        return REDACTED
    value = resolve(path, lookup(path.root))
    if value is MISSING:
        return "missing"
    text = str(value) if isinstance(value, Crossing) else _brief(value, _MAX_LEVELS)
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."


def _brief(value: object, levels: int) -> str:
    """Return JSON of the first members and elements only, however large the value is."""
    if isinstance(value, dict):
        return "{" + ", ".join(_members(value, levels)) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_elements(value, levels)) + "]"
    if isinstance(value, str) and len(value) > _MAX_STRING:
        return quoted(value[:_MAX_STRING] + "...")
    return _scalar(value)


def _members(value: dict[object, object], levels: int) -> Iterator[str]:
    for index, (key, member) in enumerate(value.items()):
        if index == _MAX_MEMBERS or levels == 0:
            yield "..."
            return
        shown = REDACTED if is_secret(key) else _brief(member, levels - 1)
        yield f"{_brief(key, 0)}: {shown}"


def _elements(value: list[object], levels: int) -> Iterator[str]:
    for index, element in enumerate(value):
        if index == _MAX_MEMBERS or levels == 0:
            yield "..."
            return
        yield _brief(element, levels - 1)


def _scalar(value: object) -> str:
    if type(value) is int and value.bit_length() > 128:  # str() of a huge integer raises
        return f"an integer of {value.bit_length()} bits"
    if value is None or (type(value) in (bool, int, float, str) and kind_of(value) not in ("NaN", "infinity")):
        literal: Scalar = value  # type: ignore[assignment]
        return literal_text(literal)
    return kind_of(value)
