"""The writes of a facet as a persistent list, newest first: one more write copies nothing."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class FacetWrite(NamedTuple):
    """One write of a facet, and the writes before it.

    Attributes:
        node: Who wrote; None for the envelope.
        by: The reviewer whose edit it is; None for the node itself.
        version: The event that wrote it.
    """

    value: Any
    node: str | None
    attempt: int
    plan_version: int
    version: int
    by: str | None
    older: "FacetWrite | None"


def writes(newest: FacetWrite | None) -> Iterator[FacetWrite]:
    """Yield the writes of a facet, newest first."""
    while newest is not None:
        yield newest
        newest = newest.older


def without(newest: FacetWrite | None, node: str, attempt: int) -> FacetWrite | None:
    """Return the writes of a facet without those of one attempt."""
    kept = [write for write in writes(newest) if not (write.node == node and write.attempt == attempt)]
    chain: FacetWrite | None = None
    for write in reversed(kept):
        chain = write._replace(older=chain)
    return chain
