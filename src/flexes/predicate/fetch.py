"""How a compiled leaf gets at its value: the common ways straight, every odd one through `resolve`."""

from collections.abc import Callable
from typing import Any, TypeAlias

from flexes.envelope.paths import MISSING, WILDCARD, Path, Segment, resolve

Lookup: TypeAlias = Callable[[str], object]
"""Returns the JSON value of a facet or reserved root by name; `MISSING` if there is none."""

Fetch: TypeAlias = Callable[[Lookup], object]
"""Returns the value at a path: JSON, null included, or `MISSING`, or a `Crossing`, or `TooLong`."""


class TooLong:
    """A list has more elements than one leaf may look at."""

    def __init__(self, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit

    def __str__(self) -> str:
        """Return the limit as the reason of an invalid outcome."""
        return f"limit_scan: {self.size} elements, at most {self.limit}"


def fetch_of(path: Path, max_scan: int) -> Fetch:
    """Return the closure that fetches what is at the path."""
    root, segments = path.root, path.segments
    if not segments:
        return lambda lookup: lookup(root)
    if WILDCARD in segments:
        return _tails(path, max_scan)
    if len(segments) == 1 and isinstance(segments[0], str):
        return _member(path, segments[0])
    return _deep(path, segments)


def _member(path: Path, key: str) -> Fetch:
    root = path.root

    def fetch(lookup: Lookup) -> object:
        holder = lookup(root)
        if type(holder) is dict:
            return holder.get(key, MISSING)
        return MISSING if holder is MISSING else resolve(path, holder)

    return fetch


def _deep(path: Path, segments: tuple[Segment, ...]) -> Fetch:
    root = path.root
    keys: tuple[tuple[type, Any], ...] = tuple(
        (dict if isinstance(segment, str) else list, segment) for segment in segments
    )

    def fetch(lookup: Lookup) -> object:
        holder = lookup(root)
        value: Any = holder
        for kind, key in keys:
            found: object = type(value)
            if found is not kind or (found is list and not -len(value) <= key < len(value)):
                return resolve(path, holder)
            value = value.get(key, MISSING) if kind is dict else value[key]
        return value

    return fetch


def _tails(path: Path, max_scan: int) -> Fetch:
    root = path.root
    whole = Path(root, path.segments[: path.segments.index(WILDCARD)])

    def fetch(lookup: Lookup) -> object:
        holder = lookup(root)
        elements = resolve(whole, holder)
        if type(elements) is list and len(elements) > max_scan:
            return TooLong(len(elements), max_scan)
        return resolve(path, holder)

    return fetch
