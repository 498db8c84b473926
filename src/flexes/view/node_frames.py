"""Frames of nodes: start, completion, failure, late results, resets."""

from collections.abc import Iterator
from typing import Any

from flexes.run import events as ev
from flexes.view.body import Body
from flexes.view.step import Step, present


def node_started(step: Step[ev.NodeStarted]) -> Iterator[Body]:
    """Yield `node_start`; `cause` says why a node runs again."""
    event, node = step.event, step.after.node_of(step.event.node_id)
    cause = step.after.nodes[event.node_id].cause
    payload = {
        "attempt": event.attempt,
        "operationId": event.operation_id,
        "capabilityId": event.capability_id,
        "kind": step.after.kind_of(event.node_id),
        **present(stage=node.stage, copyOf=node.copy_of, deadlineAt=event.deadline_at),
        **present(cause=dict(cause) if cause else None),
    }
    yield Body("node_start", payload, event.node_id)


def node_completed(step: Step[ev.NodeCompleted]) -> Iterator[Body]:
    """Yield `node_complete`; `by` names the reviewer who supplied the outputs."""
    event = step.event
    payload = {
        **_attempt(step),
        "outputs": event.outputs,
        **_measures(event),
        "validation": event.validation,
        **present(by=event.by),
    }
    written = {
        "node": event.node_id,
        "attempt": event.attempt,
        "planVersion": event.plan_version,
        **present(by=event.by),
    }
    yield Body("node_complete", payload, event.node_id, {facet: written for facet in event.outputs})


def node_failed(step: Step[ev.NodeFailed]) -> Iterator[Body]:
    """Yield `node_error`, after `validation_error` for outputs that broke their contract."""
    event = step.event
    if event.code == "output_invalid":
        yield Body(
            "validation_error",
            {**_attempt(step), "code": event.code, "issues": list(event.issues)},
            event.node_id,
        )
    payload = {
        **_attempt(step),
        "code": event.code,
        "error": event.error,
        "retryable": event.retryable,
        **_measures(event),
    }
    yield Body("node_error", payload, event.node_id)


def node_superseded(step: Step[ev.NodeSuperseded]) -> Iterator[Body]:
    """Yield a `log`: the outputs of a reset attempt count for nothing, so they are not shown."""
    event = step.event
    payload = {
        "kind": "node_superseded",
        "level": "info",
        "nodeId": event.node_id,
        "attempt": event.attempt,
        "outcome": event.outcome.get("type"),
        "cost": event.cost,
    }
    yield Body("log", payload, event.node_id)


def nodes_reset(step: Step[ev.NodesReset]) -> Iterator[Body]:
    """Yield a `log` with every attempt that no longer counts."""
    event = step.event
    payload = {
        "kind": "nodes_reset",
        "level": "info",
        "target": event.target,
        "nodes": [{"nodeId": node_id, "attempt": attempt} for node_id, attempt in event.nodes],
        "cause": event.cause,
        **present(notBeforeAt=event.not_before_at),
    }
    yield Body("log", payload, event.target)


def _attempt(step: Step[Any]) -> dict[str, Any]:
    event: ev.NodeCompleted | ev.NodeFailed = step.event
    return {
        "attempt": event.attempt,
        "operationId": event.operation_id,
        "capabilityId": step.capability_of(event.node_id),
    }


def _measures(event: ev.NodeCompleted | ev.NodeFailed) -> dict[str, Any]:
    return {
        "metrics": event.metrics,
        "cost": event.cost,
        "costEstimated": event.cost_estimated,
        "latencyMs": event.latency_ms,
        "latencyEstimated": event.latency_estimated,
    }
