"""The answer to a breached cost cap, or to a failure: listed fallbacks with the same outputs (semantics 9).

Rules:
1. A failed node, and one that timed out, gets its first listed fallback, whatever it costs.
2. `capPerNode`: each pending node of the capability that broke the cap, and each whose estimate exceeds it,
   gets its first listed strictly cheaper fallback.
3. `capTotal`: pending nodes get theirs by largest saving, ties in plan order, until the projection meets it.
4. Both caps at once are both met; a failed node of a cost intent is replaced first, then come the caps.
"""

from collections.abc import Iterator

from flexes.plan.handshake import ReplanIntent
from flexes.plan.plan import PlanNode
from flexes.plan.projection import money
from flexes.plan.repoint import successor
from flexes.plan.substitutes import first_substitutes, is_any, is_cheaper, substitutes
from flexes.plan.working import Change, Options, Working


def fallback(intent: ReplanIntent, working: Working) -> Options:
    """Return the changes that would answer a fallback intent."""
    has_cap = intent.cap_total is not None or intent.cap_per_node is not None
    node = working.plan.by_id.get(intent.node or "")
    if node is not None and is_stuck(node, intent, working):
        return _instead_of(node, intent, working)
    if has_cap:
        return _within_caps(intent, working)
    if intent.node in working.put or (intent.node and successor(intent.node, working)):
        return Options((Change(),))
    return Options(otherwise=f"'{intent.node}' has not failed and no cap was broken")


def is_stuck(node: PlanNode, intent: ReplanIntent, working: Working) -> bool:
    """Return whether the node failed, or is the intent's own and runs over its time."""
    status = working.status(node.id)
    return status == "failed" or (status == "running" and intent.timed_out)


def _instead_of(node: PlanNode, intent: ReplanIntent, working: Working) -> Options:
    changes = (
        completed
        for substitute in substitutes(node, working, is_any)
        if (completed := _with_caps(_replacing((substitute,)), intent, working))
    )
    return Options(changes, f"no listed fallback of '{node.capability}' can stand in for '{node.id}'")


def _with_caps(change: Change, intent: ReplanIntent, working: Working) -> Change | None:
    """Return the change with what the intent's caps ask for on top, or None where they cannot be met."""
    if intent.cap_total is None and intent.cap_per_node is None:
        return change
    options = _within_caps(intent, working.after(change))
    further = next(iter(options.changes), None)
    return None if further is None else _replacing((*change.put, *further.put))


def _within_caps(intent: ReplanIntent, working: Working) -> Options:
    spared = _per_node(intent, working)
    if intent.cap_total is None:
        is_met = not any(_over_the_cap(intent.cap_per_node, intent, working))
        reason = "no node that is still to run has a strictly cheaper fallback with the same outputs"
        return Options((_replacing(spared),) if spared or is_met else (), reason)
    saved = _in_total(intent.cap_total, working.after(Change(put=spared)))
    reason = f"no cheaper fallbacks bring the projected cost down to {intent.cap_total:g}"
    return Options(() if saved is None else (_replacing((*spared, *saved)),), reason)


def _per_node(intent: ReplanIntent, working: Working) -> tuple[PlanNode, ...]:
    return first_substitutes(_over_the_cap(intent.cap_per_node, intent, working), working, is_cheaper)


def _over_the_cap(cap: float | None, intent: ReplanIntent, working: Working) -> Iterator[PlanNode]:
    breaker = working.base.by_id.get(intent.node or "")
    for node in working.plan.nodes if cap is not None else ():
        capability = working.capability(node)
        if capability is None or working.status(node.id) != "pending":
            continue
        is_alike = breaker is not None and node.capability == breaker.capability
        if is_alike or (cap is not None and capability.cost > cap):
            yield node


def _in_total(cap: float, working: Working) -> tuple[PlanNode, ...] | None:
    """Return the fewest stand-ins, largest savings first, that bring the projection down to the cap."""
    pending = (node for node in working.plan.nodes if working.status(node.id) == "pending")
    cheaper = first_substitutes(pending, working, is_cheaper)
    ranked = sorted(cheaper, key=lambda node: -_saving(node, working))
    taken: list[PlanNode] = []
    projection = working.projection
    for node in ranked:
        if projection <= cap:
            break
        taken.append(node)
        projection = money(projection, -_saving(node, working))
    return tuple(taken) if projection <= cap else None


def _saving(node: PlanNode, working: Working) -> float:
    before, after = working.capability(working.plan.by_id[node.id]), working.capability(node)
    return before.cost - after.cost if before and after else 0.0


def _replacing(nodes: tuple[PlanNode, ...]) -> Change:
    """Return the change to these nodes, the last of each id; an empty one leaves the plan as it is."""
    last = {node.id: node for node in nodes}
    why = ", ".join(f"{node.id} by {node.capability}" for node in last.values())
    return Change(tuple(last.values()), why=f"fall back: {why}" if why else "")
