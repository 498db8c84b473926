"""Frames of the hybrid handshake: requests, refused answers, plan versions, rewrites."""

from collections.abc import Iterator
from typing import Any

from flexes.run import events as ev
from flexes.view.body import Body
from flexes.view.step import Step


def plan_requested(step: Step[ev.PlanRequested]) -> Iterator[Body]:
    """Yield `plan_requested`."""
    event = step.event
    payload = {
        "requestId": event.request_id,
        "attempt": event.attempt,
        "baseVersion": event.base_version,
        "intents": list(event.intents),
        "diagnostics": list(event.diagnostics),
    }
    yield Body("plan_requested", payload)


def plan_rejected(step: Step[ev.PlanRejected]) -> Iterator[Body]:
    """Yield `plan_rejected`."""
    event = step.event
    payload = {
        "requestId": event.request_id,
        "attempt": event.attempt,
        "declined": event.declined,
        "diagnostics": list(event.diagnostics),
    }
    yield Body("plan_rejected", payload)


def plan_generated(step: Step[ev.PlanGenerated]) -> Iterator[Body]:
    """Yield `plan_generated`."""
    yield Body(
        "plan_generated",
        {"version": step.plan_version, "rationale": step.event.rationale, "nodes": plan_nodes(step)},
    )


def plan_updated(step: Step[ev.PlanUpdated]) -> Iterator[Body]:
    """Yield `plan_updated`; its shape is fixed (semantics 11)."""
    event = step.event
    payload = {
        "previousVersion": event.previous_version,
        "version": event.new_version,
        "triggers": list(event.triggers),
        "rationale": event.rationale,
        "delta": whole_delta(event),
        "nodes": plan_nodes(step),
    }
    yield Body("plan_updated", payload)


def rewrite_started(step: Step[ev.RewriteStarted]) -> Iterator[Body]:
    """Yield `rewrite_started`."""
    event = step.event
    payload = {
        "nodeId": event.node_id,
        "copyOf": event.copy_of,
        "directives": list(event.directives),
        "capabilityId": step.capability_of(event.node_id),
    }
    yield Body("rewrite_started", payload, event.node_id)


def plan_nodes(step: Step[Any]) -> list[dict[str, Any]]:
    """Return the nodes of the plan in force, in plan order, each with its origin."""
    plan = step.after.plan
    return [node.wire() for node in plan.nodes] if plan else []


def whole_delta(event: ev.PlanUpdated) -> dict[str, Any]:
    """Return the delta as the planner gave it, with every list present."""
    return {"add": [], "replace": [], "remove": [], **event.delta}
