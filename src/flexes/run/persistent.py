"""Persistent collections of the state: changing one keeps the other, at no cost that grows with its size.

`FrozenMap` is `immutables.Map` that pydantic can check, dump and load. `FacetWrites` is the newest-first linked list of
all writes of a facet.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar, get_args

from immutables import Map
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

K = TypeVar("K")
V = TypeVar("V")


class PersistentMap:
    """Tells pydantic how an `immutables.Map` with these key and value types is loaded and dumped."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that takes a mapping and keeps it as a Map."""
        key, value = get_args(source) or (Any, Any)
        plain = handler.generate_schema(dict[key, value])  # type: ignore[valid-type]
        return core_schema.no_info_after_validator_function(
            Map, plain, serialization=core_schema.plain_serializer_function_ser_schema(dict)
        )


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
