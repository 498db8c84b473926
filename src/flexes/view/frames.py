"""From one event to its frames: the SSE feed as a pure function (semantics 11).

| event | frames |
|---|---|
| RunStarted | start |
| PlanRequested, PlanRejected | plan_requested, plan_rejected |
| PlanGenerated, PlanUpdated | plan_generated, plan_updated |
| RewriteStarted | rewrite_started |
| NodeStarted, NodeCompleted | node_start, node_complete |
| NodeFailed | node_error, after validation_error for `output_invalid` |
| SignalEvaluated | policy_evaluated if any directive looked; log for each that became a dead guard |
| PolicyTriggered | policy_triggered |
| HitlRequested, HitlResolved | hitl_request, hitl_resolved |
| Paused, Resumed | paused, resumed |
| PolicyEmitted, NodesReset, NodeSuperseded, GuardRailTripped | log |
| Completed, Failed, Cancelled | complete |
| SignalReceived, SignalDeferred, SignalTaken, TimerFired, ManualTriggered | none |
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from flexes.envelope.redact import redact
from flexes.run.events import Event
from flexes.run.state import State
from flexes.view import node_frames as node
from flexes.view import plan_frames as plan
from flexes.view import policy_frames as policy
from flexes.view import run_frames as run
from flexes.view.body import Body
from flexes.view.frame import Frame, frame_id
from flexes.view.sentences import one_line, sentence
from flexes.view.step import Step


def frames_of(event: Event, before: State | None, after: State, position: int | None = None) -> tuple[Frame, ...]:
    """Return the frames of one event, in order; the same for a live event and for one read back.

    Args:
        event: The event.
        before: The state before it; None for the first event of a run.
        after: The state after it.
        position: The event's place in the log of all runs; None without a store: its version stands in.
    """
    step = Step(event, before, after)
    found = documents_of(step, event.version if position is None else position, sentence(step))
    return tuple(Frame(**document) for document in found)


def documents_of(step: Step[Any], position: int, said: str) -> Iterator[dict[str, Any]]:
    """Yield the same as plain JSON, as `Frame.wire` gives it, from the event's step and its sentence."""
    for place, body in enumerate(_BODIES[step.event.kind](step)):
        yield _addressed(step, body, frame_id(position, place), one_line(body.message) if body.message else said)


def _addressed(step: Step[Any], body: Body, id_: str, message: str) -> dict[str, Any]:
    event, after = step.event, step.after
    document = {"type": body.type, "id": id_, "timestamp": event.at, "runId": event.run_id}
    plan, correlation_id = after.plan, after.correlation_id
    if body.node_id is not None:
        document["nodeId"] = body.node_id
    if plan is not None:
        document["planVersion"] = plan.version
    if correlation_id is not None:
        document["correlationId"] = correlation_id
    document["message"] = message
    if body.provenance:
        document["facetProvenance"] = body.provenance
    document["payload"] = redact(body.payload)
    return document


def _silent(_step: Step[Event]) -> Iterator[Body]:
    return iter(())


_BODIES: Final[Mapping[str, Callable[[Step[Any]], Iterator[Body]]]] = {
    "RunStarted": run.run_started,
    "PlanRequested": plan.plan_requested,
    "PlanGenerated": plan.plan_generated,
    "PlanUpdated": plan.plan_updated,
    "PlanRejected": plan.plan_rejected,
    "NodeStarted": node.node_started,
    "NodeCompleted": node.node_completed,
    "NodeFailed": node.node_failed,
    "NodeSuperseded": node.node_superseded,
    "NodesReset": node.nodes_reset,
    "RewriteStarted": plan.rewrite_started,
    "SignalReceived": _silent,
    "SignalEvaluated": policy.signal_evaluated,
    "SignalDeferred": _silent,
    "SignalTaken": _silent,
    "TimerFired": _silent,
    "ManualTriggered": _silent,
    "PolicyTriggered": policy.policy_triggered,
    "PolicyEmitted": policy.policy_emitted,
    "GuardRailTripped": policy.guard_rail_tripped,
    "HitlRequested": run.hitl_requested,
    "HitlResolved": run.hitl_resolved,
    "Paused": run.paused,
    "Resumed": run.resumed,
    "Completed": run.ended,
    "Failed": run.ended,
    "Cancelled": run.ended,
}
