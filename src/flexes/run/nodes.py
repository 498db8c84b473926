"""How nodes move: the changes that a start, an end, a reset and a new plan version bring, counters included."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from immutables import Map

from flexes.plan.handshake import Delta, applied
from flexes.plan.plan import Origin, Plan, PlanNode
from flexes.policy.selector import base_id
from flexes.run.facets import without_attempt
from flexes.run.state import Hold, NodeState, RemovedNode, State, Timer, nano

HOLDS: Final[Mapping[str, Hold]] = {"hitl": "rerun", "pause": "rerun", "goto": "kept"}
"""Actions that keep a failed node from failing the run; a replan does so only once the planner is asked."""


def held(state: State, node_ids: Iterable[str | None], hold: Hold) -> Map[str, NodeState]:
    """Return the nodes with the failed ones among these held; one that will run again stays so."""
    nodes = state.nodes
    for node_id in _failed_among(state, node_ids):
        node = nodes[node_id]
        nodes = nodes.set(node_id, node._replace(hold="rerun" if node.hold == "rerun" else hold))
    return nodes


def let_go(state: State, node_ids: Iterable[str | None], note: str) -> Map[str, NodeState]:
    """Return the nodes with the failed ones among these no longer kept, and why; one that will run again stays so."""
    nodes = state.nodes
    for node_id in _failed_among(state, node_ids):
        node = nodes[node_id]
        notes = "; ".join(found for found in (node.note, note) if found)
        nodes = nodes.set(node_id, node._replace(hold="rerun" if node.hold == "rerun" else None, note=notes))
    return nodes


def _failed_among(state: State, node_ids: Iterable[str | None]) -> Iterator[str]:
    return (node_id for node_id in dict.fromkeys(node_ids) if node_id is not None and node_id in state.failed)


def with_timer(timers: tuple[Timer, ...], timer: Timer) -> tuple[Timer, ...]:
    """Return the timers with one more, in order of due time."""
    found = list(timers)
    insort(found, timer)
    return tuple(found)


def forget_timers(timers: tuple[Timer, ...], node_ids: Iterable[str]) -> tuple[Timer, ...]:
    """Return the timers that are about none of the nodes."""
    gone = set(node_ids)
    return tuple(timer for timer in timers if timer.node not in gone) if timers else timers


def with_node(state: State, node_id: Any, **changes: Any) -> Map[str, NodeState]:
    """Return the nodes with one of them changed."""
    return state.nodes.set(node_id, state.nodes[node_id]._replace(**changes))


def settled(state: State, node_id: str, node: NodeState, cost: float) -> dict[str, Any]:
    """Return the changes when the current attempt of a node ends: completed or failed, as the node says."""
    changes: dict[str, Any] = {
        "nodes": state.nodes.set(node_id, node),
        "running": state.running.delete(node_id) if node_id in state.running else state.running,
        "spent_nano": state.spent_nano + nano(cost),
        "timers": forget_timers(state.timers, (node_id,)),
    }
    if state.nodes[node_id].status != "failed":
        changes["estimate_nano"] = state.estimate_nano - nano(state.capability_of(node_id).cost)
    if node.status == "failed":
        return {**changes, "failed": state.failed.set(node_id, None)}
    changes["failed"] = state.failed.delete(node_id) if node_id in state.failed else state.failed
    changes["unfinished"] = state.unfinished - 1
    return {**changes, **_released(changes["nodes"], state, node_id)}


def _released(nodes: Map[str, NodeState], state: State, node_id: str) -> dict[str, Any]:
    """Return the nodes and the ready set after the dependents of a completed node wait for one less."""
    assert state.plan is not None
    ready = state.ready
    for child in state.plan.graph.dependents[node_id]:
        waiting = nodes[child].waiting_for - 1
        nodes = nodes.set(child, nodes[child]._replace(waiting_for=waiting))
        if waiting == 0 and nodes[child].status == "pending" and nodes[child].not_before_at is None:
            ready = ready.set(child, None)
    return {"nodes": nodes, "ready": ready}


def undone(
    state: State,
    target: str,
    attempts: list[tuple[str, int]],
    cause: Mapping[str, Any],
    not_before_at: str | None,
) -> dict[str, Any]:
    """Return the changes when attempts are reset: their facets are gone, their nodes are pending again."""
    nodes, facets, unfinished, estimate = state.nodes, state.facets, state.unfinished, state.estimate_nano
    for node_id, attempt in attempts:
        node = nodes[node_id]
        names = tuple(dict.fromkeys((*(node.outputs or ()), *node.edited)))
        facets = without_attempt(facets, names, node_id, attempt)
        if node.status in ("completed", "failed"):
            unfinished += node.status == "completed"
            estimate += nano(state.capability_of(node_id).cost)
        nodes = nodes.set(node_id, _pending_again(state, node_id, node, cause))
    gone = [node_id for node_id, _ in attempts]
    timers = forget_timers(state.timers, gone)
    if not_before_at:
        nodes = nodes.set(target, nodes[target]._replace(not_before_at=not_before_at))
        attempt = nodes[target].attempt
        timers = with_timer(timers, Timer(not_before_at, f"backoff:{target}:{attempt}", "backoff", target, attempt))
    changed = {
        "nodes": nodes,
        "facets": facets,
        "unfinished": unfinished,
        "estimate_nano": estimate,
        "timers": timers,
    }
    return {**changed, **_recounted(state, nodes, gone), **_closed(state, gone)}


def _pending_again(state: State, node_id: str, node: NodeState, cause: Mapping[str, Any]) -> NodeState:
    previous: dict[str, Any] = {
        "attempt": node.attempt,
        "inputs": state.inputs_of(node_id),
        "outputs": dict(node.outputs or {}),
        "metrics": dict(node.metrics),
        "cause": dict(cause),
    }
    if node.error is not None:
        previous["error"] = node.error
    return NodeState(attempt=node.attempt, cause=cause, previous=previous, unanswered=node.unanswered)


def _recounted(state: State, nodes: Map[str, NodeState], gone: Iterable[str]) -> dict[str, Any]:
    """Return the counters that follow from the nodes after a reset or a new plan; only what changed is looked at."""
    assert state.plan is not None
    graph = state.plan.graph
    touched = set(gone)
    for node_id in list(touched):
        touched.update(graph.dependents[node_id])
    ready, running, failed = state.ready, state.running, state.failed
    for node_id in graph.index if len(touched) > len(graph.index) // 2 else state.in_plan_order(touched):
        if node_id in touched:
            waiting = sum(nodes[parent].status != "completed" for parent in graph.depends_on[node_id])
            nodes = nodes.set(node_id, nodes[node_id]._replace(waiting_for=waiting))
            ready = _member(ready, node_id, _is_ready(nodes[node_id]))
            running = _member(running, node_id, nodes[node_id].status == "running")
            failed = _member(failed, node_id, nodes[node_id].status == "failed")
    backing_off = sum(1 for node_id in touched if nodes[node_id].not_before_at) + state.backing_off
    backing_off -= sum(1 for node_id in touched if state.nodes[node_id].not_before_at)
    return {"nodes": nodes, "ready": ready, "running": running, "failed": failed, "backing_off": backing_off}


def _closed(state: State, gone: list[str]) -> dict[str, Any]:
    """Return the open requests without those of human nodes whose attempt was undone."""
    left = tuple(
        request_id
        for request_id in state.open_requests
        if state.requests[request_id].policy_id is not None or state.requests[request_id].node not in gone
    )
    return {"open_requests": left}


def with_first_plan(state: State, nodes: Iterable[Mapping[str, Any]], rationale: str) -> dict[str, Any]:
    """Return the changes of plan version 1."""
    origin = Origin(version=1, rationale=rationale)
    parsed = (PlanNode.model_validate(node) for node in nodes)
    plan = Plan(version=1, nodes=tuple(node.model_copy(update={"origin": origin}) for node in parsed))
    return _with_plan(state, plan, Map({node.id: NodeState() for node in plan.nodes}))


def with_next_plan(state: State, origin: Origin, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes of a later plan version: what the delta names is pending again, the rest is carried over."""
    assert state.plan is not None
    delta = Delta.model_validate(document)
    named = {node.id for node in delta.add} | {change.id for change in delta.replace}
    nodes = tuple(
        node.model_copy(update={"origin": origin}) if node.id in named else node for node in applied(state.plan, delta)
    )
    states, removed = state.nodes, state.removed
    for node_id in delta.remove:
        removed = removed.set(node_id, RemovedNode(states[node_id], state.node_of(node_id).capability))
        states = states.delete(node_id)
    for change in delta.replace:
        states = states.set(change.id, _replaced(state, change.id))
    for node in delta.add:
        earlier = removed[node.id].state if node.id in removed else NodeState()
        states = states.set(node.id, NodeState(attempt=earlier.attempt, unanswered=earlier.unanswered))
    changed = _with_plan(state, Plan(version=origin.version, nodes=nodes), states)
    return {**changed, "removed": removed, **_history(state, delta, changed["plan"], named)}


def abandoned(state: State) -> Map[str, NodeState]:
    """Return the nodes at the end of a run: what was running is abandoned."""
    nodes = state.nodes
    for node_id in state.running:
        nodes = nodes.set(node_id, nodes[node_id]._replace(status="abandoned"))
    return nodes


def _replaced(state: State, node_id: str) -> NodeState:
    node = state.nodes[node_id]
    if node.status == "pending":
        return node._replace(not_before_at=None)
    return _pending_again(state, node_id, node, {"action": "replan"})


def _history(state: State, delta: Delta, plan: Plan, named: set[str]) -> dict[str, Any]:
    """Return what guard rails remember of a delta: definitions taken away, rewrites made, timers that lapse."""
    assert state.plan is not None
    before = state.plan.by_id
    replaced = (
        before[change.id].definition
        for change in delta.replace
        if before[change.id].definition != plan.by_id[change.id].definition
    )
    taken = (*replaced, *(before[node_id].definition for node_id in delta.remove))
    rewrites = state.rewrites
    for node in delta.add:
        if node.is_rewrite:
            original = base_id(node.id)
            rewrites = rewrites.set(original, rewrites.get(original, 0) + 1)
    return {
        "taken_away": tuple(dict.fromkeys((*state.taken_away, *taken))),
        "rewrites": rewrites,
        "timers": forget_timers(state.timers, named | set(delta.remove)),
    }


def _with_plan(state: State, plan: Plan, states: Map[str, NodeState]) -> dict[str, Any]:
    """Return the plan, its nodes, and every counter made anew."""
    for node in plan.nodes:
        waiting = sum(states[parent].status != "completed" for parent in dict.fromkeys(node.depends_on))
        states = states.set(node.id, states[node.id]._replace(waiting_for=waiting))
    left = [node.id for node in plan.nodes if states[node.id].status != "completed"]
    return {
        "plan": plan,
        "nodes": states,
        "ready": Map({node_id: None for node_id in left if _is_ready(states[node_id])}),
        "running": Map({node_id: None for node_id in left if states[node_id].status == "running"}),
        "failed": Map({node_id: None for node_id in left if states[node_id].status == "failed"}),
        "unfinished": len(left),
        "estimate_nano": sum(
            nano(state.catalog.by_id[plan.by_id[node_id].capability].cost)
            for node_id in left
            if states[node_id].status != "failed"
        ),
        "backing_off": sum(1 for node_id in left if states[node_id].not_before_at),
    }


def _is_ready(node: NodeState) -> bool:
    return node.status == "pending" and node.waiting_for == 0 and node.not_before_at is None


def _member(members: Map[str, None], node_id: str, belongs: bool) -> Map[str, None]:
    if belongs:
        return members.set(node_id, None)
    return members.delete(node_id) if node_id in members else members
