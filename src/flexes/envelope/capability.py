"""Capabilities as data: what a node can invoke, and the catalog that a run was started with."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from flexes.envelope.model import Amount, Flag, Json, Millis, Model, Name, Text

Kind = Literal["structuring", "execution", "validation", "transformation", "routing", "human"]


def _sorted_unique(value: object) -> object:
    is_list_of_text = isinstance(value, (set, frozenset, list, tuple)) and all(isinstance(tag, str) for tag in value)
    return tuple(sorted(set(value))) if is_list_of_text else value  # type: ignore[call-overload]


Tags = Annotated[tuple[Name, ...], BeforeValidator(_sorted_unique)]
"""Tags, sorted and without repetition."""


class Capability(Model, frozen=True):
    """What a plan node invokes: its facets, its estimates, and who may stand in for it.

    Attributes:
        cost: Estimate of one invocation, in the caller's currency.
        latency_ms: Estimate of one invocation.
        timeout_ms: Longest time that one attempt may take; None for no limit.
        fallbacks: Capability ids that may stand in, best first.
        available: False while the capability must not be planned.
    """

    id: Name
    kind: Kind = "execution"
    tags: Tags = ()
    inputs: tuple[Name, ...] = ()
    outputs: tuple[Name, ...] = ()
    cost: Amount = 0.0
    latency_ms: Millis = 0.0
    timeout_ms: Annotated[float, Field(strict=True, gt=0, le=1e13)] | None = None
    fallbacks: tuple[Name, ...] = ()
    available: Flag = True
    description: Text | None = None


class Facet(Model, frozen=True):
    """A facet's definition; without a schema the facet is any JSON."""

    json_schema: Annotated[dict[str, Json] | None, Field(alias="schema")] = None
    description: Text | None = None


class Catalog(Model, frozen=True):
    """The capabilities and facets that a run was started with, in declaration order."""

    capabilities: tuple[Capability, ...] = ()
    facets: dict[str, Facet] = {}

    @cached_property
    def by_id(self) -> Mapping[str, Capability]:
        """The capabilities by id."""
        return {capability.id: capability for capability in self.capabilities}

    def schema_of(self, facet: str) -> dict[str, Json] | None:
        """Return the facet's JSON Schema, or None where the facet is any JSON."""
        definition = self.facets.get(facet)
        return definition.json_schema if definition else None
