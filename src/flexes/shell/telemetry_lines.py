"""What is logged of one event: a pure function from a step of a run to log lines.

Rules:
1. Every directive outcome, action, plan version, human request and change of status has a line of its own.
2. No line holds a value of a facet, only names of facets. What callers authored and said is redacted (semantics 12).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from flexes.run import events as ev
from flexes.shell.telemetry_line import Level, Line, expression_of, line_of, short
from flexes.view.audit_facts import policy_of, reads_of
from flexes.view.dead_guards import newly_dead
from flexes.view.ending import error_of
from flexes.view.step import Step

OUTCOME_LEVELS: Final[Mapping[str, Level]] = {
    "invalid": "warning",
    "skipped": "debug",
    "disabled": "debug",
    "opted_out": "debug",
}
"""Levels of directive outcomes; `info` for all others, which are those whose test matched."""


def lines_of(step: Step[Any]) -> Iterator[Line]:
    """Yield the lines of one event, then one if it moved the run to another status."""
    found = _LINES.get(step.event.kind)
    if found is not None:
        yield from found(step)
    if step.before is None or step.before.status != step.after.status:
        yield _run_status(step)


def _policy_evaluated(step: Step[ev.SignalEvaluated]) -> Iterator[Line]:
    event = step.event
    for policy_id, outcome, reason in event.outcomes:
        fields = {
            **_directive_fields(step, policy_id),
            "signal_kind": event.signal_kind,
            "attempt": event.attempt,
            "outcome": outcome,
            "reason": short(reason),
            "facets": list(reads_of(step, policy_id)),
        }
        yield line_of(step, OUTCOME_LEVELS.get(outcome, "info"), "policy_evaluated", **fields)
    for policy_id in newly_dead(step):
        yield _dead_guard(step, policy_id)


def _dead_guard(step: Step[ev.SignalEvaluated], policy_id: str) -> Line:
    fields = {
        **_directive_fields(step, policy_id),
        "outcomes": step.after.outcomes_of(policy_id),
        "facets": list(reads_of(step, policy_id)),
    }
    return line_of(step, "warning", "dead_guard", **fields)


def _policy_triggered(step: Step[ev.PolicyTriggered]) -> Iterator[Line]:
    event = step.event
    yield line_of(
        step,
        "info",
        "policy_triggered",
        directive=event.policy_id,
        action_type=event.action,
        action_details=event.action_details,
        trigger_kind=event.trigger_kind,
        expression=expression_of(step.after.context.by_id.get(event.policy_id)),
        source=event.source,
        outcome="acted",
        reason=short(event.cause),
        attempt=event.attempt,
        max_attempts=event.max_attempts,
        request_id=event.request_id,
    )


def _policy_emitted(step: Step[ev.PolicyEmitted]) -> Iterator[Line]:
    event = step.event
    fields = {"directive": event.policy_id, "action_type": "emit", "emitted": event.event, "payload": event.payload}
    yield line_of(step, "info", "policy_emitted", **fields)


def _guard_rail_tripped(step: Step[ev.GuardRailTripped]) -> Iterator[Line]:
    event = step.event
    yield line_of(
        step,
        "warning",
        "guard_rail_tripped",
        directive=event.policy_id,
        rail=event.rail,
        limit=event.limit,
        follow_up=event.follow_up,
        triggered_by=list(step.after.triggered_by),
    )


def _plan_requested(step: Step[ev.PlanRequested]) -> Iterator[Line]:
    event = step.event
    directives = list(dict.fromkeys(intent["directive"] for intent in event.intents))
    fields = {"request_id": event.request_id, "attempt": event.attempt, "base_version": event.base_version}
    yield line_of(step, "info", "plan_requested", **fields, directives=directives)


def _plan_generated(step: Step[ev.PlanGenerated]) -> Iterator[Line]:
    event = step.event
    fields = {"request_id": event.request_id, "rationale": short(event.rationale)}
    yield line_of(step, "info", "plan_generated", **fields)


def _plan_updated(step: Step[ev.PlanUpdated]) -> Iterator[Line]:
    event = step.event
    yield line_of(
        step,
        "info",
        "plan_updated",
        request_id=event.request_id,
        previous_version=event.previous_version,
        directives=list(event.triggers),
        rationale=short(event.rationale),
    )


def _plan_rejected(step: Step[ev.PlanRejected]) -> Iterator[Line]:
    event = step.event
    yield line_of(
        step,
        "warning",
        "plan_rejected",
        request_id=event.request_id,
        attempt=event.attempt,
        declined=event.declined,
        codes=[found.get("code") for found in event.diagnostics],
        reason=short(next((found.get("message") for found in event.diagnostics), None)),
    )


def _node_started(step: Step[ev.NodeStarted]) -> Iterator[Line]:
    fields = {"attempt": step.event.attempt, "operation_id": step.event.operation_id}
    yield line_of(step, "debug", "node_started", **fields)


def _node_completed(step: Step[ev.NodeCompleted]) -> Iterator[Line]:
    yield line_of(step, "debug", "node_completed", **_measures(step.event))


def _node_failed(step: Step[ev.NodeFailed]) -> Iterator[Line]:
    event = step.event
    failure = {"code": event.code, "reason": short(event.error), "retryable": event.retryable}
    yield line_of(step, "warning", "node_failed", **_measures(event), **failure)


def _nodes_reset(step: Step[ev.NodesReset]) -> Iterator[Line]:
    event = step.event
    fields = {"directive": policy_of(step), "action_type": event.cause.get("action")}
    yield line_of(step, "info", "nodes_reset", **fields, nodes=[node_id for node_id, _ in event.nodes])


def _hitl_requested(step: Step[ev.HitlRequested]) -> Iterator[Line]:
    event = step.event
    fields = {"directive": event.policy_id, "attempt": event.attempt, "action_path": event.action_path}
    told = {"reason": short(event.rationale), "due_at": event.due_at}
    yield line_of(step, "info", "hitl_requested", request_id=event.request_id, **fields, **told)


def _hitl_resolved(step: Step[ev.HitlResolved]) -> Iterator[Line]:
    event = step.event
    fields = {"directive": policy_of(step), "decision": event.decision, "by": event.by, "reason": short(event.note)}
    yield line_of(step, "info", "hitl_resolved", request_id=event.request_id, **fields)


def _run_status(step: Step[Any]) -> Line:
    after, error = step.after, error_of(step.after) or {}
    return line_of(
        step,
        "warning" if after.status == "failed" else "info",
        "run_status",
        status=after.status,
        previous_status=step.before.status if step.before else None,
        actor=step.event.actor,
        directive=error.get("policyId"),
        action_type=error.get("action"),
        code=error.get("code"),
        reason=short(error.get("message") or getattr(step.event, "reason", None)),
    )


def _directive_fields(step: Step[Any], policy_id: str) -> dict[str, Any]:
    directive = step.after.context.by_id.get(policy_id)
    return {
        "directive": policy_id,
        "action_type": directive.action.type if directive else None,
        "trigger_kind": directive.hears if directive else None,
        "expression": expression_of(directive),
    }


def _measures(event: ev.NodeCompleted | ev.NodeFailed) -> dict[str, Any]:
    return {
        "attempt": event.attempt,
        "operation_id": event.operation_id,
        "cost": event.cost,
        "latency_ms": event.latency_ms,
    }


_LINES: Final[Mapping[str, Callable[[Step[Any]], Iterator[Line]]]] = {
    "SignalEvaluated": _policy_evaluated,
    "PolicyTriggered": _policy_triggered,
    "PolicyEmitted": _policy_emitted,
    "GuardRailTripped": _guard_rail_tripped,
    "PlanRequested": _plan_requested,
    "PlanGenerated": _plan_generated,
    "PlanUpdated": _plan_updated,
    "PlanRejected": _plan_rejected,
    "NodeStarted": _node_started,
    "NodeCompleted": _node_completed,
    "NodeFailed": _node_failed,
    "NodesReset": _nodes_reset,
    "HitlRequested": _hitl_requested,
    "HitlResolved": _hitl_resolved,
}
