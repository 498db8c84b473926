"""Folding the events of nodes: a start, an end, a reset. Only what an event touches is looked at."""

from collections.abc import Iterable, Mapping
from typing import Any

from immutables import Map

from flexes.run import events as ev
from flexes.run.facets import with_facets, without_attempt
from flexes.run.nodes import (
    forget_timers,
    is_waiting,
    pending_again,
    with_met,
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
    unanswered = (*before.unanswered, (event.attempt, event.capability_id))
    node = NodeState(
        "running", event.attempt, event.at, event.deadline_at, unanswered, before.edited, before.cause, before.previous
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
        "ready": _member(state.ready, node_id, belongs=False),
        "running": state.running.set(node_id, None),
        "timers": timers,
    }


def node_completed(state: State, event: ev.NodeCompleted) -> dict[str, Any]:
    """Return the changes when an attempt delivers."""
    before = state.nodes[event.node_id]
    node = NodeState(
        "completed", event.attempt, before.started_at, before.deadline_at, answered(before, event.attempt),
        before.edited, before.cause, before.previous,
        event.metrics, event.validation, event.cost, event.latency_ms, event.outputs, event.version,
    )  # fmt: skip
    changes = _settled(state, event.node_id, before, node, event.cost)
    changes["failed"] = _member(state.failed, event.node_id, belongs=False)
    changes["unfinished"] = state.unfinished - 1
    changes["met"], changes["ready"] = _released(state, event.node_id)
    changes["facets"] = with_facets(
        state.facets, event.outputs, event.node_id, event.attempt, event.plan_version, event.version, event.by
    )
    return changes


def node_failed(state: State, event: ev.NodeFailed) -> dict[str, Any]:
    """Return the changes when an attempt fails."""
    before = state.nodes[event.node_id]
    node = before._replace(
        status="failed",
        metrics=event.metrics,
        validation=event.validation,
        cost=event.cost,
        latency_ms=event.latency_ms,
        error=event.error,
        error_code=event.code,
        retryable=event.retryable,
        hold=None,
        unanswered=answered(before, event.attempt),
    )
    changes = _settled(state, event.node_id, before, node, event.cost)
    changes["failed"] = state.failed.set(event.node_id, None)
    return changes


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


def _settled(state: State, node_id: str, before: NodeState, after: NodeState, cost: float) -> dict[str, Any]:
    """Return the changes when the current attempt of a node ends, however it does."""
    estimate = 0 if before.status == "failed" else nano(state.capability_of(node_id).cost)
    return {
        "nodes": state.nodes.set(node_id, after),
        "running": _member(state.running, node_id, belongs=False),
        "spent_nano": state.spent_nano + nano(cost),
        "estimate_nano": state.estimate_nano - estimate,
        "timers": forget_timers(state.timers, (node_id,)),
    }


def _released(state: State, node_id: str) -> tuple[Map[str, int], Map[str, None]]:
    """Return the counts and the ready set after one more dependency of the dependents of a node is completed."""
    assert state.plan is not None
    graph, met, ready = state.plan.graph, state.met, state.ready
    for child_id in graph.dependents[node_id]:
        count, all_of = met.get(child_id, 0) + 1, graph.degree[child_id]
        met = with_met(met, child_id, count, all_of)
        if count == all_of and is_waiting(state.nodes[child_id]):
            ready = ready.set(child_id, None)
    return met, ready


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
    met, ready, running, failed = state.met, state.ready, state.running, state.failed
    for node_id in graph.index if len(touched) > len(graph.index) // 2 else state.in_plan_order(touched):
        if node_id in touched:
            done = sum(nodes[parent].status == "completed" for parent in set(graph.depends_on[node_id]))
            met = with_met(met, node_id, done, graph.degree[node_id])
            ready = _member(ready, node_id, done == graph.degree[node_id] and is_waiting(nodes[node_id]))
            running = _member(running, node_id, nodes[node_id].status == "running")
            failed = _member(failed, node_id, nodes[node_id].status == "failed")
    backing_off = sum(1 for node_id in touched if nodes[node_id].not_before_at) + state.backing_off
    backing_off -= sum(1 for node_id in touched if state.nodes[node_id].not_before_at)
    return {"met": met, "ready": ready, "running": running, "failed": failed, "backing_off": backing_off}


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
