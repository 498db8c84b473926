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
from flexes.view.frame import Frame, FrameId
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
    position = event.version if position is None else position
    bodies = _BODIES[event.kind](step)
    return tuple(_addressed(step, body, FrameId(position, place)) for place, body in enumerate(bodies))


def _addressed(step: Step[Event], body: Body, frame_id: FrameId) -> Frame:
    return Frame(
        type=body.type,
        id=str(frame_id),
        timestamp=step.event.at,
        run_id=step.event.run_id,
        node_id=body.node_id,
        plan_version=step.plan_version or None,
        correlation_id=step.after.correlation_id,
        message=one_line(body.message) if body.message else sentence(step),
        facet_provenance=body.provenance or None,
        payload=redact(body.payload),
    )


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
