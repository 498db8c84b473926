"""Frames of policies: evaluations, triggered actions, emitted observations, guard rails, dead guards."""

from collections.abc import Iterator
from typing import Any

from flexes.run import events as ev
from flexes.view.body import Body
from flexes.view.dead_guards import newly_dead
from flexes.view.step import Step, present


def signal_evaluated(step: Step[ev.SignalEvaluated]) -> Iterator[Body]:
    """Yield `policy_evaluated` if any directive looked, and a `log` for each that became a dead guard."""
    event = step.event
    if not event.outcomes:
        return
    payload = {
        "signalId": event.signal_id,
        "signalKind": event.signal_kind,
        "nodeId": event.node_id,
        "attempt": event.attempt,
        "outcomes": [_outcome(step, *outcome) for outcome in event.outcomes],
    }
    yield Body("policy_evaluated", payload, event.node_id)
    for policy_id in newly_dead(step):
        yield _dead_guard(step, policy_id)


def policy_triggered(step: Step[ev.PolicyTriggered]) -> Iterator[Body]:
    """Yield `policy_triggered`; one shape for all actions, which is fixed (semantics 11)."""
    event = step.event
    payload = {
        "policyId": event.policy_id,
        "action": event.action,
        "actionDetails": event.action_details,
        "triggerKind": event.trigger_kind,
        "nodeId": event.node_id,
        "capabilityId": event.capability_id,
        "source": event.source,
        **present(
            cause=event.cause,
            attempt=event.attempt,
            maxAttempts=event.max_attempts,
            predicate=event.predicate,
            requestId=event.request_id,
        ),
    }
    yield Body("policy_triggered", payload, event.node_id)


def policy_emitted(step: Step[ev.PolicyEmitted]) -> Iterator[Body]:
    """Yield a `log` with the authored observation."""
    event = step.event
    payload = {
        "kind": "policy_emitted",
        "level": "info",
        "policyId": event.policy_id,
        "event": event.event,
        "payload": event.payload,
        "nodeId": event.node_id,
    }
    yield Body("log", payload, event.node_id)


def guard_rail_tripped(step: Step[ev.GuardRailTripped]) -> Iterator[Body]:
    """Yield a `log` that names the rail and what follows."""
    event = step.event
    payload = {
        "kind": "guard_rail_tripped",
        "level": "warning",
        "rail": event.rail,
        "limit": event.limit,
        "policyId": event.policy_id,
        "nodeId": event.node_id,
        "followUp": event.follow_up,
    }
    yield Body("log", payload, event.node_id)


def _outcome(step: Step[Any], policy_id: str, outcome: str, reason: str | None) -> dict[str, Any]:
    directive = step.after.context.by_id.get(policy_id)
    return {
        "policyId": policy_id,
        "outcome": outcome,
        "reason": reason,
        "expression": directive.expression if directive else None,
        "actionType": directive.action.type if directive else None,
    }


def _dead_guard(step: Step[ev.SignalEvaluated], policy_id: str) -> Body:
    directive = step.after.context.by_id.get(policy_id)
    payload = {
        "kind": "dead_guard",
        "level": "warning",
        "policyId": policy_id,
        "expression": directive.expression if directive else None,
        "outcomes": step.after.outcomes_of(policy_id),
    }
    message = f"Policy {policy_id} looks like a dead guard: its test never had what it reads"
    return Body("log", payload, step.event.node_id, message=message)
