"""Writing facets: each value goes in front of the writes before it."""

from collections.abc import Mapping
from typing import Any

from immutables import Map

from flexes.run.persistent import FacetWrite, without


def with_facets(
    facets: Map[str, FacetWrite | None],
    values: Mapping[str, Any],
    node: str | None,
    attempt: int,
    plan_version: int,
    version: int,
    by: str | None,
) -> Map[str, FacetWrite | None]:
    """Return the facets with these values written by the node's attempt, or by a reviewer in its name."""
    written = facets.mutate()
    for name, value in values.items():
        written[name] = FacetWrite._make((value, node, attempt, plan_version, version, by, facets.get(name)))
    return written.finish()


def without_attempt(
    facets: Map[str, FacetWrite | None], names: tuple[str, ...], node: str, attempt: int
) -> Map[str, FacetWrite | None]:
    """Return the facets without what one attempt wrote under these names."""
    for name in names:
        facets = facets.set(name, without(facets.get(name), node, attempt))
    return facets
