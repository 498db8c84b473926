"""What nodes take and give: the one place that joins a plan with the catalog.

A node takes its own `inputs` where it has some, else what its capability declares; it gives what its
capability declares; its kind is its own, else its capability's. An unknown capability has neither.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

from flexes.envelope.capability import Capability, Catalog, Kind
from flexes.plan.plan import Plan, PlanNode


def node_inputs(node: PlanNode, catalog: Catalog) -> tuple[str, ...]:
    """Return the facets that the node is handed."""
    capability = catalog.by_id.get(node.capability)
    declared = capability.inputs if capability else ()
    return declared if node.inputs is None else node.inputs


def node_outputs(node: PlanNode, catalog: Catalog) -> tuple[str, ...]:
    """Return the facets that the node writes."""
    capability = catalog.by_id.get(node.capability)
    return capability.outputs if capability else ()


def node_kind(node: PlanNode, catalog: Catalog) -> Kind | None:
    """Return the node's kind; None where neither it nor a known capability has one."""
    capability = catalog.by_id.get(node.capability)
    return node.kind or (capability.kind if capability else None)


def facet_producers(nodes: Iterable[PlanNode], catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of the nodes that write each facet, in the order of the nodes."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        for facet in dict.fromkeys(node_outputs(node, catalog)):
            found.setdefault(facet, []).append(node.id)
    return {facet: tuple(writers) for facet, writers in found.items()}


def facet_consumers(nodes: Iterable[PlanNode], catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of the nodes that are handed each facet, in the order of the nodes."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        for facet in dict.fromkeys(node_inputs(node, catalog)):
            found.setdefault(facet, []).append(node.id)
    return {facet: tuple(readers) for facet, readers in found.items()}


def capability_producers(capabilities: Iterable[Capability]) -> Mapping[str, tuple[Capability, ...]]:
    """Return the capabilities that can write each facet, in their order."""
    found: dict[str, list[Capability]] = {}
    for capability in capabilities:
        for facet in dict.fromkeys(capability.outputs):
            found.setdefault(facet, []).append(capability)
    return {facet: tuple(makers) for facet, makers in found.items()}


class Supply:
    """Which facets are there for a node of a plan: the given ones, and what its ancestors write."""

    def __init__(self, plan: Plan, catalog: Catalog, given: Collection[str]) -> None:
        self.plan = plan
        self.catalog = catalog
        self.given = frozenset(given)

    @cached_property
    def producers(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes that write each facet, in plan order."""
        return facet_producers(self.plan.nodes, self.catalog)

    def reaches(self, facet: str, node: str) -> bool:
        """Return whether the facet is there when the node starts."""
        return facet in self.given or self.plan.graph.depends_on_any(node, self._masks.get(facet, 0))

    def follows(self, facet: str, nodes: Iterable[str]) -> bool:
        """Return whether the facet is there for something new that depends on these nodes."""
        writers = self.producers.get(facet, ())
        return facet in self.given or any(node in writers or self.reaches(facet, node) for node in nodes)

    @cached_property
    def _masks(self) -> Mapping[str, int]:
        return {facet: self.plan.graph.mask_of(writers) for facet, writers in self.producers.items()}
