"""What an event is about, as the audit asks: its node, directive, action, reason and facets (semantics 12)."""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Final

from flexes.run import events as ev
from flexes.run.events import EVENT_TYPES
from flexes.view.step import Step

Asked = Callable[[Step[Any]], str | None]


def node_of(step: Step[Any]) -> str | None:
    """Return the one node that the event is about, or None."""
    found = _NODES.get(step.event.kind)
    return found(step) if found else None


def capability_of(step: Step[Any], node_id: str | None) -> str | None:
    """Return the capability that the event names, else that of its node."""
    named = _CAPABILITIES.get(step.event.kind)
    return (named(step) if named else None) or step.capability_of(node_id)


def policy_of(step: Step[Any]) -> str | None:
    """Return the directive that the event is about; None where there is none, or several."""
    found = _POLICIES.get(step.event.kind)
    return found(step) if found else None


def action_of(step: Step[Any]) -> str | None:
    """Return the type of the action that the event is part of, or None."""
    found = _ACTIONS.get(step.event.kind)
    if callable(found):
        return found(step)
    return found if found and policy_of(step) is not None else None


def reason_of(event: ev.Event) -> str | None:
    """Return the reason that the event itself gives, or None."""
    field = _REASONS.get(event.kind)
    return getattr(event, field) if field else None


def facets_of(step: Step[Any]) -> tuple[str, ...]:
    """Return the facets that the event wrote, read or undid, sorted."""
    found = _FACETS.get(step.event.kind)
    return tuple(sorted(set(found(step)))) if found else ()


def reads_of(step: Step[Any], policy_id: str) -> tuple[str, ...]:
    """Return the facets that a directive's test reads, sorted."""
    directive = step.after.context.by_id.get(policy_id)
    return tuple(sorted(directive.reads)) if directive else ()


def _only(names: Iterable[str]) -> str | None:
    found = list(dict.fromkeys(names))
    return found[0] if len(found) == 1 else None


def _reading(field: str) -> dict[str, Asked]:
    """Return, by type, what reads this field off events; only of types that have it."""
    return {kind: attrgetter(f"event.{field}") for kind, event in EVENT_TYPES.items() if field in event.model_fields}


def _node_of_request(step: Step[ev.HitlResolved]) -> str | None:
    request = step.request(step.event.request_id)
    return request.node if request else None


def _policy_of_request(step: Step[ev.HitlResolved]) -> str | None:
    request = step.request(step.event.request_id)
    return request.policy_id if request else None


def _given(step: Step[ev.NodeStarted]) -> Iterable[str]:
    node = step.after.node_of(step.event.node_id)
    return step.after.capability_of(node.id).inputs if node.inputs is None else node.inputs


def _refused(step: Step[ev.NodeFailed]) -> Iterable[str]:
    return [issue["facet"] for issue in step.event.issues]


def _undone(step: Step[ev.NodesReset]) -> Iterable[str]:
    before = step.before
    nodes = [before.nodes[node[0]] for node in step.event.nodes] if before else []
    return [facet for node in nodes for facet in (*(node.outputs or ()), *node.edited)]


def _planned(step: Step[Any]) -> Iterable[str]:
    return [found["facet"] for found in step.event.facets]


def _tested(step: Step[Any]) -> Iterable[str]:
    return reads_of(step, step.event.policy_id)


def _evaluated(step: Step[ev.SignalEvaluated]) -> Iterable[str]:
    return [facet for outcome in step.event.outcomes for facet in reads_of(step, outcome[0])]


_NODES: Final[Mapping[str, Asked]] = {
    **_reading("node_id"),
    "NodesReset": attrgetter("event.target"),
    "SignalReceived": lambda step: step.event.signal.get("node"),
    "SignalDeferred": lambda step: step.event.item.get("node"),
    "HitlResolved": _node_of_request,
}
_CAPABILITIES: Final[Mapping[str, Asked]] = _reading("capability_id")
_POLICIES: Final[Mapping[str, Asked]] = {
    **_reading("policy_id"),
    "PlanRequested": lambda step: _only(intent["directive"] for intent in step.event.intents),
    "PlanUpdated": lambda step: _only(step.event.triggers),
    "RewriteStarted": lambda step: _only(step.event.directives),
    "NodesReset": lambda step: step.event.cause.get("policyId"),
    "SignalDeferred": lambda step: step.event.item.get("directive"),
    "TimerFired": attrgetter("event.directive"),
    "HitlResolved": _policy_of_request,
}
_ACTIONS: Final[Mapping[str, str | Asked]] = {
    "PolicyTriggered": attrgetter("event.action"),
    "Failed": attrgetter("event.action"),
    "NodesReset": lambda step: step.event.cause.get("action"),
    "PlanRequested": "replan",
    "PlanUpdated": "replan",
    "RewriteStarted": "replan",
    "HitlRequested": "hitl",
    "HitlResolved": "hitl",
    "Paused": "pause",
    "PolicyEmitted": "emit",
}
"""What reads the type off the event, or the type itself, for events that a directive caused."""
_REASONS: Final[Mapping[str, str]] = {
    "PlanUpdated": "rationale",
    "NodeFailed": "error",
    "SignalTaken": "dropped",
    "PolicyTriggered": "cause",
    "HitlRequested": "rationale",
    "HitlResolved": "note",
    "Paused": "reason",
    "Failed": "message",
    "Cancelled": "reason",
}
_FACETS: Final[Mapping[str, Callable[[Step[Any]], Iterable[str]]]] = {
    "RunStarted": lambda step: step.event.envelope.get("inputs") or (),
    "PlanGenerated": _planned,
    "PlanUpdated": _planned,
    "NodeStarted": _given,
    "NodeCompleted": lambda step: step.event.outputs,
    "NodeFailed": _refused,
    "NodesReset": _undone,
    "SignalEvaluated": _evaluated,
    "PolicyTriggered": _tested,
    "HitlResolved": lambda step: step.event.edits if step.event.decision == "approve" else (),
    "Completed": lambda step: step.event.output or (),
}
