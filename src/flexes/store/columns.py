"""Many records of one type as JSON: a list for each field, or its one value where all records agree.

Finished nodes differ in little, so this is a fraction of the same records one by one, both in bytes and in time.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, Final

Columns = list[Any]
"""The number of records, then for each field `[values]`, or `[value, number]` where all records have that value."""

_ALIKE: Final = (bool, int, str, type(None))
"""Types of which equal values are the same JSON."""


def columns(records: Iterable[Sequence[Any]]) -> Columns:
    """Return the records, all of one length, as columns of the same order."""
    turned = list(zip(*records, strict=True))
    return [len(turned[0]) if turned else 0, *(_column(values) for values in turned)]


def column(found: Columns, place: int) -> Iterable[Any]:
    """Return the values of one field, in the order of the records."""
    held = found[place + 1]
    return repeat(held[0], held[1]) if len(held) == 2 else held[0]


def records(found: Columns) -> Iterable[tuple[Any, ...]]:
    """Return the records again."""
    return zip(*(column(found, place) for place in range(len(found) - 1)), strict=True)


def _column(values: tuple[Any, ...]) -> list[Any]:
    first = values[0]
    is_one = isinstance(first, _ALIKE) and values.count(first) == len(values) and len(set(map(type, values))) == 1
    return [first, len(values)] if is_one else [values]
