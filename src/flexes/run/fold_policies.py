"""Folding the events of signals, actions, people and timers, and the end of a run."""

from collections.abc import Mapping
from typing import Any, Final

from immutables import Map

from flexes.run import events as ev
from flexes.run.facets import with_facets
from flexes.run.nodes import (
    HOLDS,
    abandoned,
    held,
    is_unblocked,
    with_node,
    with_timer,
)
from flexes.run.records import (
    Ending,
    HumanRequest,
    PolicyCount,
    Tally,
    Timer,
)
from flexes.run.state import State

Outcomes = tuple[Tally, ...]
"""What one evaluation came to: directive, outcome and reason of each that was looked at."""

_HELD_BACK: Final = frozenset({"exhausted", "target_missing", "cooling_down"})


def signal_evaluated(state: State, event: ev.SignalEvaluated) -> dict[str, Any]:
    """Return the changes when directives were looked at: outcomes are counted."""
    return {"tallies": counted(state.tallies, {event.outcomes: 1}), **noted(state, event)}


def noted(state: State, event: ev.SignalEvaluated) -> dict[str, Any]:
    """Return the change when directives were looked at and held back over a failed node: it says why."""
    if event.node_id not in state.failed:
        return {}
    note = "; ".join(
        f"{policy} {outcome}: {reason}" for policy, outcome, reason in event.outcomes if outcome in _HELD_BACK
    )
    return {"nodes": with_node(state, event.node_id, note=note)} if note else {}


def counted(tallies: Map[Tally, int], evaluations: Mapping[Outcomes, int]) -> Map[Tally, int]:
    """Return the tallies with the outcomes of evaluations added, each as often as it came."""
    added = tallies.mutate()
    for outcomes, times in evaluations.items():
        for found in outcomes:
            tally = found if found[1] == "skipped" else (found[0], found[1], None)
            added[tally] = added.get(tally, 0) + times
    return added.finish()


def signal_deferred(state: State, event: ev.SignalDeferred) -> dict[str, Any]:
    """Return the changes when something joins the inbox."""
    return {"inbox": (*state.inbox, event.item)}


def signal_taken(state: State, event: ev.SignalTaken) -> dict[str, Any]:
    """Return the changes when the oldest item leaves the inbox."""
    return {"inbox": state.inbox[1:]}


def timer_fired(state: State, event: ev.TimerFired) -> dict[str, Any]:
    """Return the changes when a timer comes due."""
    changes: dict[str, Any] = {"timers": tuple(timer for timer in state.timers if timer.id != event.timer_id)}
    if event.timer_kind == "backoff" and event.node_id is not None and event.node_id in state.nodes:
        changes["nodes"] = with_node(state, event.node_id, not_before_at=None)
        changes["backing_off"] = state.backing_off - 1
        if is_unblocked(state, event.node_id):
            changes["ready"] = state.ready.set(event.node_id, None)
    return changes


def policy_triggered(state: State, event: ev.PolicyTriggered) -> dict[str, Any]:
    """Return the changes when an action takes effect: counters, the last action, what it keeps from failing."""
    count = state.policies.get(event.policy_id, PolicyCount())
    attempts = count.attempts
    if event.attempts_key is not None:
        attempts = {**attempts, event.attempts_key: event.attempt or 0}
    cooldown = event.cooldown_until_at or count.cooldown_until_at
    count = count._replace(triggers=count.triggers + 1, attempts=attempts, cooldown_until_at=cooldown)
    changes: dict[str, Any] = {
        "policies": state.policies.set(event.policy_id, count),
        "last_action": {
            "policyId": event.policy_id,
            "action": event.action,
            "actionDetails": event.action_details,
            "source": event.source,
            "nodeId": event.node_id,
            "planVersion": event.plan_version,
        },
    }
    if event.action in HOLDS:
        changes["nodes"] = held(state, (event.node_id,), HOLDS[event.action])
    return changes


def hitl_requested(state: State, event: ev.HitlRequested) -> dict[str, Any]:
    """Return the changes when a human is asked."""
    request = HumanRequest(
        event.request_id, event.policy_id, event.action_path, event.node_id, event.attempt or 0, event.rationale,
        event.approve_action, event.reject_action, event.on_timeout, event.at, event.due_at,
    )  # fmt: skip
    changes: dict[str, Any] = {
        "requests": state.requests.set(event.request_id, request),
        "open_requests": (*state.open_requests, event.request_id),
        "policy_requests": state.policy_requests + (event.policy_id is not None),
    }
    if event.due_at:
        timer = Timer(event.due_at, f"hitl:{event.request_id}", "hitl", request=event.request_id)
        changes["timers"] = with_timer(state.timers, timer)
    return changes


def hitl_resolved(state: State, event: ev.HitlResolved) -> dict[str, Any]:
    """Return the changes when a request is decided; edits are written in the name of the attempt that asked."""
    request = state.requests[event.request_id]
    decided = request._replace(decision=event.decision, by=event.by, decided_at=event.at, note=event.note)
    changes: dict[str, Any] = {
        "requests": state.requests.set(event.request_id, decided),
        "open_requests": tuple(found for found in state.open_requests if found != event.request_id),
        "timers": tuple(timer for timer in state.timers if timer.request != event.request_id),
    }
    if event.decision == "approve" and event.edits:
        changes |= _edited(state, request, event)
    return changes


def paused(state: State, event: ev.Paused) -> dict[str, Any]:
    """Return the changes of a pause."""
    return {"paused": True}


def resumed(state: State, event: ev.Resumed) -> dict[str, Any]:
    """Return the changes when a paused run goes on."""
    return {"paused": False}


def completed(state: State, event: ev.Completed) -> dict[str, Any]:
    """Return the changes when the run delivers its output."""
    return _ended(state, Ending("completed", output=event.output))


def failed(state: State, event: ev.Failed) -> dict[str, Any]:
    """Return the changes when the run fails."""
    ending = Ending(
        "failed",
        code=event.code,
        message=event.message,
        policy_id=event.policy_id,
        action=event.action,
        node_id=event.node_id,
        details=event.details,
    )
    return _ended(state, ending)


def cancelled(state: State, event: ev.Cancelled) -> dict[str, Any]:
    """Return the changes when the run is called off."""
    return _ended(state, Ending("cancelled", code="cancelled", message=event.reason or "cancelled"))


def _edited(state: State, request: HumanRequest, event: ev.HitlResolved) -> dict[str, Any]:
    edits = event.edits
    if request.policy_id is None and request.node is not None:
        declared = state.capability_of(request.node).outputs
        edits = {facet: value for facet, value in edits.items() if facet not in declared}
    facets = with_facets(
        state.facets, edits, request.node, request.attempt, state.plan_version, event.version, event.by
    )
    node = state.nodes.get(request.node) if request.node else None
    if node is None or node.attempt != request.attempt:
        return {"facets": facets}
    edited = tuple(dict.fromkeys((*node.edited, *edits)))
    return {"facets": facets, "nodes": with_node(state, request.node, edited=edited)}


def _ended(state: State, ending: Ending) -> dict[str, Any]:
    return {
        "ending": ending,
        "nodes": abandoned(state),
        "running": Map(),
        "ready": Map(),
        "open_requests": (),
        "timers": (),
        "inbox": (),
        "handshake": None,
    }
