"""The fold: one event onto the state. Total, pure, and blind to why: decisions were made before the event was written.

`evolve` never raises on an event that `decide` made. One small function an event type; facts that change nothing but
the version have none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from immutables import Map
from pydantic import TypeAdapter

from flexes.envelope.capability import Catalog
from flexes.envelope.contract import OutputContract
from flexes.ids import Instant, RunId
from flexes.plan.plan import Origin
from flexes.policy.context import PolicyContext
from flexes.run import events as ev
from flexes.run.commands import Flags
from flexes.run.facets import with_facets
from flexes.run.nodes import (
    HOLDS,
    abandoned,
    held,
    let_go,
    settled,
    undone,
    with_first_plan,
    with_next_plan,
    with_node,
    with_timer,
)
from flexes.run.persistent import FacetWrite
from flexes.run.state import (
    CommandSeen,
    Ending,
    Handshake,
    HumanRequest,
    NodeState,
    PlanVersion,
    PolicyCount,
    State,
    Timer,
    answered,
    nano,
)

_CONTRACT: TypeAdapter[OutputContract] = TypeAdapter(OutputContract)
_HELD_BACK = frozenset({"exhausted", "target_missing", "cooling_down"})
_KEYED = frozenset(
    {"RunStarted", "Paused", "Resumed", "Cancelled", "HitlResolved", "ManualTriggered", "SignalReceived"}
)
"""First events of commands that callers give, whose ids may come again."""


def evolve(state: State | None, event: ev.Event) -> State:
    """Return the state after the event; the first event of a run is RunStarted, on None."""
    if state is None:
        assert isinstance(event, ev.RunStarted), "the first event of a run is RunStarted"
        return _seen(_started(event), event)
    handler = _HANDLERS.get(event.kind)
    changes = handler(state, event) if handler else {}
    return _seen(state.model_copy(update=changes), event)


def fold(events: Any, state: State | None = None) -> State | None:
    """Return the state after all the events, from a state or from nothing."""
    for event in events:
        state = evolve(state, event)
    return state


def _seen(state: State, event: ev.Event) -> State:
    changes: dict[str, Any] = {"version": event.version, "at": event.at, "current_command": event.command_id}
    seen = state.commands.get(event.command_id)
    if seen is not None:
        changes["commands"] = state.commands.set(event.command_id, CommandSeen(seen.first_version, event.version))
    elif event.kind in _KEYED and event.command_id != state.current_command:
        changes["commands"] = state.commands.set(event.command_id, CommandSeen(event.version, event.version))
    return state.model_copy(update=changes)


def _started(event: ev.RunStarted) -> State:
    facets = {
        name: FacetWrite(value, None, 0, 0, event.version, None, None)
        for name, value in event.envelope.get("inputs", {}).items()
    }
    return State(
        run_id=RunId(event.run_id),
        version=0,
        started_at=Instant(event.at),
        at=Instant(event.at),
        envelope=event.envelope,
        contract=_CONTRACT.validate_python(event.envelope["outputContract"]),
        context=PolicyContext.model_validate(event.context),
        catalog=Catalog.model_validate(event.catalog),
        flags=Flags.model_validate(event.flags),
        correlation_id=event.envelope.get("metadata", {}).get("correlationId"),
        facets=Map(facets),
    )


def _plan_requested(state: State, event: ev.PlanRequested) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "handshake": Handshake(
            event.request_id,
            event.attempt,
            event.base_version,
            tuple(event.intents),
            tuple(event.diagnostics),
        )
    }
    if state.plan is None:
        return changes
    changes["phase"] = "replanning"
    changes["nodes"] = held(state, (intent.get("node") for intent in event.intents), "kept")
    if event.attempt == 1:
        changes["replans"] = state.replans + 1
        policies = state.policies
        for directive in dict.fromkeys(intent["directive"] for intent in event.intents):
            count = policies.get(directive, PolicyCount())
            policies = policies.set(directive, count._replace(replans=count.replans + 1))
        changes["policies"] = policies
    return changes


def _plan_generated(state: State, event: ev.PlanGenerated) -> dict[str, Any]:
    version = PlanVersion(1, (), event.rationale)
    return {
        **with_first_plan(state, event.draft["nodes"], event.rationale),
        "phase": "running",
        "handshake": None,
        "plan_versions": (version,),
    }


def _plan_updated(state: State, event: ev.PlanUpdated) -> dict[str, Any]:
    triggers = tuple(event.triggers)
    version = PlanVersion(event.new_version, triggers, event.rationale)
    origin = Origin(version=event.new_version, rationale=event.rationale, directives=triggers)
    state = state.model_copy(update={"nodes": _let_go_unanswered(state, event)})
    return {
        **with_next_plan(state, origin, event.delta),
        "phase": "running",
        "handshake": None,
        "plan_versions": (*state.plan_versions, version),
    }


def _let_go_unanswered(state: State, event: ev.PlanUpdated) -> Map[str, NodeState]:
    """Return the nodes with those let go whose every intent the planner left unanswered."""
    reasons = {found["directive"]: found["reason"] for found in event.unanswered}
    intents = state.handshake.intents if state.handshake else ()
    answered = {intent.get("node") for intent in intents if intent["directive"] not in reasons}
    nodes = {intent.get("node") for intent in intents} - answered
    return let_go(state, sorted(filter(None, nodes)), "; ".join(reasons.values()))


def _plan_rejected(state: State, event: ev.PlanRejected) -> dict[str, Any]:
    asked = (intent.get("node") for intent in state.handshake.intents) if state.handshake else ()
    said = "the planner declined" if event.declined else "the planner's answer was refused"
    note = f"{said}: {event.diagnostics[0]['message']}" if event.diagnostics else said
    return {
        "handshake": None,
        "phase": "planning" if state.plan is None else "running",
        "nodes": let_go(state, asked, note),
    }


def _node_started(state: State, event: ev.NodeStarted) -> dict[str, Any]:
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


def _node_completed(state: State, event: ev.NodeCompleted) -> dict[str, Any]:
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
        unanswered=answered(state.nodes[event.node_id], event.attempt),
    )
    facets = with_facets(
        state.facets, event.outputs, event.node_id, event.attempt, state.plan_version, event.version, event.by
    )
    return {**settled(state, event.node_id, node, event.cost), "facets": facets}


def _node_failed(state: State, event: ev.NodeFailed) -> dict[str, Any]:
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
    return settled(state, event.node_id, node, event.cost)


def _node_superseded(state: State, event: ev.NodeSuperseded) -> dict[str, Any]:
    changes: dict[str, Any] = {"spent_nano": state.spent_nano + nano(event.cost)}
    if event.node_id in state.nodes:
        unanswered = answered(state.nodes[event.node_id], event.attempt)
        return {**changes, "nodes": with_node(state, event.node_id, unanswered=unanswered)}
    gone = state.removed[event.node_id]
    node = gone.state._replace(unanswered=answered(gone.state, event.attempt))
    return {**changes, "removed": state.removed.set(event.node_id, gone._replace(state=node))}


def _nodes_reset(state: State, event: ev.NodesReset) -> dict[str, Any]:
    return undone(
        state,
        event.target,
        [(node, attempt) for node, attempt in event.nodes],
        event.cause,
        event.not_before_at,
    )


def _signal_evaluated(state: State, event: ev.SignalEvaluated) -> dict[str, Any]:
    policies = state.policies
    for directive, outcome, reason in event.outcomes:
        count = policies.get(directive, PolicyCount())
        name = f"{outcome}:{reason}" if outcome == "skipped" else outcome
        outcomes = {**count.outcomes, name: count.outcomes.get(name, 0) + 1}
        policies = policies.set(directive, count._replace(outcomes=outcomes))
    changes: dict[str, Any] = {"policies": policies}
    note = "; ".join(
        f"{policy} {outcome}: {reason}" for policy, outcome, reason in event.outcomes if outcome in _HELD_BACK
    )
    if note and event.node_id in state.failed:
        changes["nodes"] = with_node(state, event.node_id, note=note)
    return changes


def _signal_deferred(state: State, event: ev.SignalDeferred) -> dict[str, Any]:
    return {"inbox": (*state.inbox, event.item)}


def _signal_taken(state: State, event: ev.SignalTaken) -> dict[str, Any]:
    return {"inbox": state.inbox[1:]}


def _timer_fired(state: State, event: ev.TimerFired) -> dict[str, Any]:
    changes: dict[str, Any] = {"timers": tuple(timer for timer in state.timers if timer.id != event.timer_id)}
    if event.timer_kind == "backoff" and event.node_id is not None and event.node_id in state.nodes:
        changes["nodes"] = with_node(state, event.node_id, not_before_at=None)
        changes["backing_off"] = state.backing_off - 1
        if state.nodes[event.node_id].waiting_for == 0:
            changes["ready"] = state.ready.set(event.node_id, None)
    return changes


def _policy_triggered(state: State, event: ev.PolicyTriggered) -> dict[str, Any]:
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


def _hitl_requested(state: State, event: ev.HitlRequested) -> dict[str, Any]:
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


def _hitl_resolved(state: State, event: ev.HitlResolved) -> dict[str, Any]:
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


def _paused(state: State, event: ev.Paused) -> dict[str, Any]:
    return {"paused": True}


def _resumed(state: State, event: ev.Resumed) -> dict[str, Any]:
    return {"paused": False}


def _completed(state: State, event: ev.Completed) -> dict[str, Any]:
    return _ended(state, Ending("completed", output=event.output))


def _failed(state: State, event: ev.Failed) -> dict[str, Any]:
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


def _cancelled(state: State, event: ev.Cancelled) -> dict[str, Any]:
    return _ended(state, Ending("cancelled", code="cancelled", message=event.reason or "cancelled"))


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


_HANDLERS: Mapping[str, Callable[[State, Any], dict[str, Any]]] = {
    "PlanRequested": _plan_requested,
    "PlanGenerated": _plan_generated,
    "PlanUpdated": _plan_updated,
    "PlanRejected": _plan_rejected,
    "NodeStarted": _node_started,
    "NodeCompleted": _node_completed,
    "NodeFailed": _node_failed,
    "NodeSuperseded": _node_superseded,
    "NodesReset": _nodes_reset,
    "SignalEvaluated": _signal_evaluated,
    "SignalDeferred": _signal_deferred,
    "SignalTaken": _signal_taken,
    "TimerFired": _timer_fired,
    "PolicyTriggered": _policy_triggered,
    "HitlRequested": _hitl_requested,
    "HitlResolved": _hitl_resolved,
    "Paused": _paused,
    "Resumed": _resumed,
    "Completed": _completed,
    "Failed": _failed,
    "Cancelled": _cancelled,
}
