"""The answer that brings in a person: a human node behind the node that gave the signal (semantics 9).

Rules:
1. The first usable human capability of the catalog whose inputs are there is asked, as `NODE~escalateN`.
2. What is pending behind the node waits for the person; without a node the person comes after all sinks.
3. A failed node gives nothing to wait for: the person takes its place, and writes what it would have written.
4. A person who writes a facet that others write, too, comes after those that are not behind the person.
"""

from collections.abc import Iterator

from flexes.envelope.capability import Capability
from flexes.plan.facets import node_outputs
from flexes.plan.handshake import ReplanIntent
from flexes.plan.plan import PlanNode
from flexes.plan.repoint import repointed, successor
from flexes.plan.selection import is_usable
from flexes.plan.working import Change, Options, Working

ROLE = "escalate"


def escalate(intent: ReplanIntent, working: Working) -> Options:
    """Return the changes that would answer an escalation, one for each human capability."""
    if intent.node is None:
        changes = _behind(working.plan.graph.sinks, None, working)
    elif _is_escalated(intent.node, working):
        return Options((Change(),))
    else:
        changes = _for_node(intent.node, working)
    return Options(changes, "no available human capability has its inputs at this place of the plan")


def _for_node(name: str, working: Working) -> Iterator[Change]:
    node = working.plan.by_id.get(name) or successor(name, working)
    if node is None:
        return iter(())
    return _instead_of(node, working) if working.status(node.id) == "failed" else _behind((node.id,), node, working)


def _is_escalated(node: str, working: Working) -> bool:
    """Whether an earlier intent of the request already brought in a person for the node."""
    taken_over = successor(node, working)
    if taken_over and (capability := working.capability(taken_over)) and capability.kind == "human":
        return True
    if working.status(node) == "failed":
        return False
    fresh = (other for other in working.plan.nodes if other.id not in working.base.by_id)
    return any(node in other.depends_on and f"~{ROLE}" in other.id for other in fresh)


def _people(working: Working) -> Iterator[Capability]:
    for capability in working.request.catalog.by_id.values():
        if capability.kind == "human" and is_usable(capability, working.request.policies):
            yield capability


def _instead_of(node: PlanNode, working: Working) -> Iterator[Change]:
    for person in _people(working):
        writes_it_all = set(node_outputs(node, working.request.catalog)) <= set(person.outputs)
        if writes_it_all and all(working.supply.reaches(facet, node.id) for facet in person.inputs):
            name = working.numbering().take(node.id, ROLE)
            human = PlanNode(
                id=name,
                capability=person.id,
                stage=node.stage,
                depends_on=node.depends_on,
                copy_of=node.id,
                policy_overrides=node.policy_overrides,
            )
            waiting = repointed(working, {node.id: name})
            yield Change((human, *waiting), (node.id,), f"let {person.id} take the place of {node.id} as {name}")


def _behind(anchors: tuple[str, ...], node: PlanNode | None, working: Working) -> Iterator[Change]:
    for person in _people(working):
        if all(working.supply.follows(facet, anchors) for facet in person.inputs):
            name = working.numbering().take(node.id if node else person.id, ROLE)
            depends_on = (*anchors, *_earlier_writers(person, anchors, working))
            human = PlanNode(id=name, capability=person.id, depends_on=depends_on)
            waiting = tuple(
                other.model_copy(update={"depends_on": (*other.depends_on, name)})
                for other in _frontier(anchors, working)
            )
            yield Change((human, *waiting), why=f"escalate to {person.id} as {name}")


def _frontier(anchors: tuple[str, ...], working: Working) -> Iterator[PlanNode]:
    """Yield the pending nodes that nothing pending separates from the anchors."""
    graph = working.plan.graph
    behind = {other for anchor in anchors for other in graph.descendants(anchor)}
    reached = {*anchors, *(other for other in behind if working.status(other) != "pending")}
    for node in working.plan.nodes:
        if node.id in behind and node.id not in reached and not reached.isdisjoint(node.depends_on):
            yield node


def _earlier_writers(person: Capability, anchors: tuple[str, ...], working: Working) -> tuple[str, ...]:
    """Return the last writer of each of the person's facets that would otherwise race with the person."""
    graph = working.plan.graph
    behind = {other for anchor in anchors for other in graph.descendants(anchor) if working.status(other) == "pending"}
    found: dict[str, None] = {}
    for facet in person.outputs:
        writers = graph.in_order(other for other in working.supply.producers.get(facet, ()) if other not in behind)
        if writers and not any(writers[-1] == anchor or graph.is_ancestor(writers[-1], anchor) for anchor in anchors):
            found[writers[-1]] = None
    return tuple(found)
