"""How large a predicate may be, and the walk that measures it before anything is parsed or dumped."""

from typing import Annotated, Final

from pydantic import Field, JsonValue

from flexes.envelope.model import Model
from flexes.predicate.refusal import refusal

Limit = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Levels = Annotated[int, Field(strict=True, ge=1, le=64)]


class Limits(Model, frozen=True):
    """The limits of predicates; stored with the policy context, so that replay depends on no configuration.

    Attributes:
        max_depth: Nested and / or / not above a leaf, parentheses of a text included.
        max_source: Characters of a text, or of the compact JSON.
        max_literal: Characters of a string literal.
        max_segments: Segments of a path, its root included.
        max_scan: Elements of a list that one leaf may look at.
    """

    max_depth: Levels = 12
    max_leaves: Limit = 64
    max_source: Limit = 8_192
    max_literal: Limit = 256
    max_path: Limit = 256
    max_segments: Levels = 16
    max_scan: Limit = 1_000
    max_directives: Limit = 256


DEFAULT_LIMITS: Final = Limits()

# an object of a leaf's operators, one of `$count`, and the list of `$includes`
_CONTAINERS_OF_A_LEAF: Final = 4


def check_size(source: JsonValue, limits: Limits) -> None:
    """Refuse a source that is too large or too deep, without recursion and without reading on past a limit.

    Raises:
        PredicateError: `limit_source` or `limit_depth`.
    """
    deepest = 2 * limits.max_depth + _CONTAINERS_OF_A_LEAF
    pending: list[tuple[object, int]] = [(source, 1)]
    size = -2 if isinstance(source, str) else 0  # a text by itself has no quotes
    while pending:
        item, level = pending.pop()
        size += _own_size(item)
        if size > limits.max_source:
            raise refusal("limit_source", f"a `when` has at most {limits.max_source} characters; split the directive")
        if level > deepest:
            raise too_deep(limits)
        if isinstance(item, dict):
            pending.extend((key, level) for key in item)
            pending.extend((child, level + 1) for child in item.values())
        elif isinstance(item, list | tuple):
            pending.extend((child, level + 1) for child in item)


def too_deep(limits: Limits, pointer: str = "", column: int | None = None) -> Exception:
    """Return the refusal of a predicate that nests and / or / not too deeply."""
    message = f"and / or / not nest at most {limits.max_depth} deep; flatten the predicate"
    return refusal("limit_depth", message, pointer=pointer, column=column)


def _own_size(item: object) -> int:
    """Return the characters of compact JSON that an item itself adds, or a little fewer."""
    if isinstance(item, str):
        return len(item) + 2
    if isinstance(item, dict):
        return 2 * len(item) + 1
    if isinstance(item, list | tuple):
        return len(item) + 1
    if isinstance(item, int):
        return item.bit_length() // 4 + 1  # never spelt out: str() of a huge integer raises
    return 4
