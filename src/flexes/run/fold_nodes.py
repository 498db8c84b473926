"""Folding the events of nodes: a start, an end, a reset. Only what an event touches is looked at."""

from collections.abc import Iterable, Mapping
from typing import Any

from immutables import Map

from flexes.run import events as ev
from flexes.run.facets import with_facets, without_attempt
from flexes.run.nodes import (
    forget_timers,
    is_ready,
    pending_again,
    with_node,
    with_timer,
)
from flexes.run.records import (
    NodeState,
    Timer,
    answered,
    nano,
)
from flexes.run.state import State


def node_started(state: State, event: ev.NodeStarted) -> dict[str, Any]:
    """Return the changes when an attempt begins."""
    node_id, before = event.node_id, state.nodes[event.node_id]
    node = before._replace(
        status="running",
        attempt=event.attempt,
        started_at=event.at,
        deadline_at=event.deadline_at,
        not_before_at=None,
        unanswered=(*before.unanswered, (event.attempt, event.capability_id)),
    )
    timers = state.timers
    for directive, due_at in event.timers:
        timer_id = f"directive:{directive}:{node_id}:{event.attempt}"
        timers = with_timer(timers, Timer(due_at, timer_id, "directive", node_id, event.attempt, directive))
    if event.deadline_at:
        timer = Timer(event.deadline_at, f"deadline:{node_id}:{event.attempt}", "deadline", node_id, event.attempt)
        timers = with_timer(timers, timer)
    return {
        "nodes": state.nodes.set(node_id, node),
        "ready": state.ready.delete(node_id) if node_id in state.ready else state.ready,
        "running": state.running.set(node_id, None),
        "timers": timers,
    }


def node_completed(state: State, event: ev.NodeCompleted) -> dict[str, Any]:
    """Return the changes when an attempt delivers."""
    node = state.nodes[event.node_id]._replace(
        status="completed",
        metrics=event.metrics,
        validation=event.validation,
        cost=event.cost,
        latency_ms=event.latency_ms,
        error=None,
        error_code=None,
        retryable=False,
        hold=None,
        outputs=event.outputs,
        recorded=event.version,
        unanswered=answered(state.nodes[event.node_id], event.attempt),
    )
    facets = with_facets(
        state.facets, event.outputs, event.node_id, event.attempt, state.plan_version, event.version, event.by
    )
    changes = _settled(state, event.node_id, node, event.cost)
    changes["facets"] = facets
    return changes


def node_failed(state: State, event: ev.NodeFailed) -> dict[str, Any]:
    """Return the changes when an attempt fails."""
    node = state.nodes[event.node_id]._replace(
        status="failed",
        metrics=event.metrics,
        validation=event.validation,
        cost=event.cost,
        latency_ms=event.latency_ms,
        error=event.error,
        error_code=event.code,
        retryable=event.retryable,
        hold=None,
        unanswered=answered(state.nodes[event.node_id], event.attempt),
    )
    return _settled(state, event.node_id, node, event.cost)


def node_superseded(state: State, event: ev.NodeSuperseded) -> dict[str, Any]:
    """Return the changes when a late result is noted: its cost counts."""
    changes: dict[str, Any] = {"spent_nano": state.spent_nano + nano(event.cost)}
    if event.node_id in state.nodes:
        unanswered = answered(state.nodes[event.node_id], event.attempt)
        return {**changes, "nodes": with_node(state, event.node_id, unanswered=unanswered)}
    gone = state.removed[event.node_id]
    node = gone.state._replace(unanswered=answered(gone.state, event.attempt))
    return {**changes, "removed": state.removed.set(event.node_id, gone._replace(state=node))}


def nodes_reset(state: State, event: ev.NodesReset) -> dict[str, Any]:
    """Return the changes when attempts are undone."""
    return _undone(
        state,
        event.target,
        [(node, attempt) for node, attempt in event.nodes],
        event.cause,
        event.not_before_at,
    )


def _settled(state: State, node_id: str, node: NodeState, cost: float) -> dict[str, Any]:
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
        changes["failed"] = state.failed.set(node_id, None)
        return changes
    changes["failed"] = state.failed.delete(node_id) if node_id in state.failed else state.failed
    changes["unfinished"] = state.unfinished - 1
    changes["nodes"], changes["ready"] = _released(changes["nodes"], state, node_id)
    return changes


def _released(nodes: Map[str, NodeState], state: State, node_id: str) -> tuple[Map[str, NodeState], Map[str, None]]:
    """Return the nodes and the ready set after the dependents of a completed node wait for one less."""
    assert state.plan is not None
    ready = state.ready
    for child_id in state.plan.graph.dependents[node_id]:
        child = nodes[child_id]
        child = child._replace(waiting_for=child.waiting_for - 1)
        nodes = nodes.set(child_id, child)
        if is_ready(child):
            ready = ready.set(child_id, None)
    return nodes, ready


def _undone(
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
        nodes = nodes.set(node_id, pending_again(state, node_id, node, cause))
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
            ready = _member(ready, node_id, is_ready(nodes[node_id]))
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


def _member(members: Map[str, None], node_id: str, belongs: bool) -> Map[str, None]:
    if belongs:
        return members.set(node_id, None)
    return members.delete(node_id) if node_id in members else members
