"""Frames of the run as a whole: its start, human decisions, pause and resume, its end."""

from collections.abc import Iterator
from typing import Any

from flexes.run import events as ev
from flexes.view.body import Body
from flexes.view.ending import error_of
from flexes.view.step import Step, present


def run_started(step: Step[ev.RunStarted]) -> Iterator[Body]:
    """Yield `start`."""
    envelope, inputs = step.event.envelope, step.event.envelope.get("inputs") or {}
    payload = {
        "objective": envelope.get("objective"),
        "inputs": inputs,
        "outputContract": step.after.contract.wire(),
        "metadata": envelope.get("metadata") or {},
        "flags": step.event.flags,
        "warnings": [warning.wire() for warning in step.after.context.warnings],
    }
    yield Body("start", payload, provenance=step.written(inputs))


def hitl_requested(step: Step[ev.HitlRequested]) -> Iterator[Body]:
    """Yield `hitl_request`; `policyId` is null when a human node asks for its `outputs`."""
    event = step.event
    payload = {
        "requestId": event.request_id,
        "policyId": event.policy_id,
        "rationale": event.rationale,
        "nodeId": event.node_id,
        "attempt": event.attempt,
        "dueAt": event.due_at,
        "actionPath": event.action_path,
        "capabilityId": step.capability_of(event.node_id),
        **present(
            approveAction=event.approve_action,
            rejectAction=event.reject_action,
            onTimeout=event.on_timeout,
            outputs=_wanted(step),
        ),
    }
    yield Body("hitl_request", payload, event.node_id)


def hitl_resolved(step: Step[ev.HitlResolved]) -> Iterator[Body]:
    """Yield `hitl_resolved`."""
    event, request = step.event, step.request(step.event.request_id)
    node_id = request.node if request else None
    payload = {
        "requestId": event.request_id,
        "decision": event.decision,
        "by": event.by,
        "note": event.note,
        "edits": event.edits,
        "policyId": request.policy_id if request else None,
        "nodeId": node_id,
        "attempt": request.attempt if request else None,
    }
    yield Body("hitl_resolved", payload, node_id, step.written(event.edits, by_this_event=True))


def paused(step: Step[ev.Paused]) -> Iterator[Body]:
    """Yield `paused`; `policyId` is null when a person paused the run."""
    event = step.event
    payload = {
        "reason": event.reason,
        "by": event.actor,
        "policyId": event.policy_id,
        "nodeId": event.node_id,
    }
    yield Body("paused", payload, event.node_id)


def resumed(step: Step[ev.Resumed]) -> Iterator[Body]:
    """Yield `resumed`, with what a resumed run stands on: plan version, its triggers, the last action."""
    after = step.after
    payload = {
        "by": step.event.actor,
        "status": after.status,
        "planVersion": after.plan_version,
        "triggeredBy": list(after.triggered_by),
        "lastAction": dict(after.last_action) if after.last_action else None,
    }
    yield Body("resumed", payload)


def ended(step: Step[ev.Completed | ev.Failed | ev.Cancelled]) -> Iterator[Body]:
    """Yield the one terminal `complete`, whatever ended the run."""
    after, event = step.after, step.event
    error = error_of(after) or {}
    payload: dict[str, Any] = {"status": after.status, "planVersion": after.plan_version}
    if isinstance(event, ev.Completed):
        output = event.output
        payload |= {"output": output}
        yield Body("complete", payload, provenance=step.written(output) if isinstance(output, dict) else None)
        return
    payload |= {"error": error, **present(policyId=error.get("policyId"), action=error.get("action"))}
    yield Body("complete", payload, error.get("nodeId"))


def _wanted(step: Step[ev.HitlRequested]) -> list[str] | None:
    event = step.event
    if event.policy_id is not None or event.node_id is None:
        return None
    return list(step.after.capability_of(event.node_id).outputs)
