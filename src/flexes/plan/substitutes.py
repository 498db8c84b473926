"""Who may stand in for a node: the fallbacks that its capability lists, in their order (semantics 9).

Rules:
1. A stand-in is available, not forbidden, and writes exactly the same facets.
2. Its inputs are there. Facets that the node was handed beyond its capability's own stay; those that it was
   denied stay denied.
3. A definition that an earlier delta took away never comes back.
"""

from collections.abc import Callable, Iterator

from flexes.envelope.capability import Capability
from flexes.plan.plan import PlanNode
from flexes.plan.selection import is_usable
from flexes.plan.working import Working

Better = Callable[[Capability, Capability], bool]
"""Whether the second capability is a gain over the first."""


def is_any(_current: Capability, _other: Capability) -> bool:
    """Let every listed fallback stand in."""
    return True


def is_cheaper(current: Capability, other: Capability) -> bool:
    """Let only a strictly cheaper fallback stand in, by estimate."""
    return other.cost < current.cost


def is_faster(current: Capability, other: Capability) -> bool:
    """Let only a strictly faster fallback stand in, by estimate."""
    return other.latency_ms < current.latency_ms


def substitutes(node: PlanNode, working: Working, better: Better) -> Iterator[PlanNode]:
    """Yield the node with each fallback that may stand in, in listed order."""
    current = working.capability(node)
    if current is None:
        return
    for name in current.fallbacks:
        other = working.request.catalog.by_id.get(name)
        if other and other != current and set(other.outputs) == set(current.outputs) and better(current, other):
            substitute = node.model_copy(update=_invoking(other, node, current))
            if _may_stand_in(substitute, other, working):
                yield substitute


def first_substitutes(nodes: Iterator[PlanNode], working: Working, better: Better) -> tuple[PlanNode, ...]:
    """Return the first stand-in of each of the nodes that has one."""
    found = (next(substitutes(node, working, better), None) for node in nodes)
    return tuple(node for node in found if node is not None)


def _invoking(other: Capability, node: PlanNode, current: Capability) -> dict[str, object]:
    """Return what changes when the node invokes the other capability."""
    if node.inputs is None:
        return {"capability": other.id}
    denied = set(current.inputs) - set(node.inputs)
    extra = (facet for facet in node.inputs if facet not in current.inputs)
    declared = (facet for facet in other.inputs if facet not in denied)
    return {"capability": other.id, "inputs": tuple(dict.fromkeys((*declared, *extra)))}


def _may_stand_in(node: PlanNode, capability: Capability, working: Working) -> bool:
    request = working.request
    inputs = capability.inputs if node.inputs is None else node.inputs
    return (
        is_usable(capability, request.policies)
        and node.definition not in request.taken_away
        and all(working.supply.reaches(facet, node.id) for facet in inputs)
    )
