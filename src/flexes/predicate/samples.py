"""Facet documents that stand for all values at one path, as far as its leaves can tell them apart.

Between two neighbouring literals every number answers every leaf alike, and so does every string that no leaf
names; so one of each is enough, together with every size that a count distinguishes and every set of elements
that `includes` asks for.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations, pairwise
from math import floor, inf, nextafter
from typing import Final, TypeAlias

from pydantic import JsonValue

from flexes.envelope.paths import Path, Segment, Wildcard
from flexes.predicate.ast import Compare, Count, Includes, Leaf, Scalar

Document: TypeAlias = dict[str, JsonValue]

MAX_SIZE: Final = 1_500
"""Largest list that is built; a path with a larger count or index is not reasoned about."""

_MAX_ELEMENTS: Final = 4


def samples(path: Path, leaves: Sequence[Leaf], max_scan: int) -> tuple[Document, ...] | None:
    """Return the documents, the natural ones first; None where they would be too many or too large."""
    elements = list(_distinct(leaf.value for leaf in leaves if isinstance(leaf, Includes)))
    sizes = sorted(_sizes(leaves, max_scan))
    indexes = [abs(part) for part in path.segments if isinstance(part, int)]
    if len(elements) > _MAX_ELEMENTS or max((*sizes, *indexes)) > MAX_SIZE:
        return None
    if Wildcard.WILDCARD in path.segments:
        values: Iterable[JsonValue] = _lists(elements, sizes)
    else:
        values = chain(_scalars(leaves), _lists(elements, sizes), _objects(sizes))
    present: list[Document] = [{path.root: _around(path.segments, value)} for value in values]
    odd: list[Document] = [{path.root: _around(path.segments, value)} for value in (None, float("nan"))]
    crossing: list[Document] = [{path.root: 0}] if path.segments else []
    return (*present, {}, *odd, *crossing)


def _scalars(leaves: Sequence[Leaf]) -> Iterator[JsonValue]:
    literals = [leaf.value for leaf in leaves if isinstance(leaf, Compare)]
    texts = [value for value in literals if isinstance(value, str)]
    yield from _numbers([value for value in literals if type(value) in (int, float)])  # type: ignore[misc]
    yield from texts
    yield next(text for text in ("text", *(f"text{n}" for n in range(len(texts) + 1))) if text not in texts)
    yield from (True, False, "")


def _numbers(literals: Iterable[int | float]) -> Iterator[JsonValue]:
    ordered = sorted(set(literals)) or [0]
    yield from (0, 1, 0.5)
    yield from ordered
    yield floor(ordered[-1]) + 1
    yield floor(ordered[0]) - 1
    for low, high in pairwise(ordered):
        yield from (number for number in _between(low, high) if low < number < high)


def _between(low: float, high: float) -> Iterator[int | float]:
    yield low / 2 + high / 2
    yield nextafter(low, inf)
    yield floor(low) + 1  # between two neighbouring floats there can still be integers


def _sizes(leaves: Sequence[Leaf], max_scan: int) -> set[int]:
    counted = {leaf.value for leaf in leaves if isinstance(leaf, Count)}
    scanned = any(isinstance(leaf, Includes) or "[*]" in leaf.path for leaf in leaves)
    near = {size + step for size in counted for step in (-1, 0, 1)} | {0, 1}
    return {size for size in near if size >= 0} | ({max_scan, max_scan + 1} if scanned else set())


def _lists(elements: Sequence[Scalar], sizes: Sequence[int]) -> Iterator[JsonValue]:
    filler: JsonValue = {}  # equal to no literal
    for count in range(len(elements), -1, -1):
        for chosen in combinations(elements, count):
            # a set of elements takes its own length too, where no count asks for one
            for size in sorted({len(chosen), *sizes}):
                if size >= len(chosen):
                    yield [*chosen, *[filler] * (size - len(chosen))]


def _objects(sizes: Iterable[int]) -> Iterator[JsonValue]:
    for size in sizes:
        yield {f"key{index}": 0 for index in range(size)}


def _around(segments: tuple[Segment, ...], value: JsonValue) -> JsonValue:
    """Return the smallest value that has the given one at the end of the segments."""
    if not segments:
        return value
    first, rest = segments[0], segments[1:]
    if isinstance(first, str):
        return {first: _around(rest, value)}
    if isinstance(first, Wildcard):
        return [_around(rest, tail) for tail in value] if isinstance(value, list) else value
    filler: list[JsonValue] = [None] * (first if first >= 0 else -first - 1)
    inner = _around(rest, value)
    return [*filler, inner] if first >= 0 else [inner, *filler]


def _distinct(values: Iterable[Scalar]) -> Iterator[Scalar]:
    return iter({(type(value), value): value for value in values}.values())
