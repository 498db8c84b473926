"""From the events of a commit back to its command, so that every decision can be made again and compared."""

from collections.abc import Sequence
from typing import Any

from flexes.envelope.capability import Catalog
from flexes.plan.handshake import PlannerAnswer
from flexes.policy.context import PolicyContext
from flexes.policy.signal import SignalEnvelope
from flexes.run import commands as cmd
from flexes.run import events as ev


def command_of(events: Sequence[ev.Event]) -> cmd.Command:
    """Return the command that the commit's first event holds; the events are those of one commit."""
    first = events[0]
    common: dict[str, Any] = {
        "run_id": first.run_id,
        "id": first.command_id,
        "at": first.at,
        "actor": first.actor,
    }
    match first:
        case ev.RunStarted():
            return cmd.StartRun(
                **common,
                envelope=first.envelope,
                context=PolicyContext.model_validate(first.context),
                catalog=Catalog.model_validate(first.catalog),
                flags=cmd.Flags.model_validate(first.flags),
            )
        case ev.PlanGenerated() | ev.PlanUpdated() | ev.PlanRejected():
            return cmd.AnswerPlanner(**common, request_id=first.request_id, answer=_answer(first))
        case ev.NodeCompleted() | ev.NodeFailed() | ev.NodeSuperseded():
            return cmd.RecordOutcome(**common, node_id=first.node_id, attempt=first.attempt, outcome=_outcome(first))
        case _:
            return _given(first, common)


def _given(first: ev.Event, common: dict[str, Any]) -> cmd.Command:
    """Return a command that a person, a timer or another system gave."""
    match first:
        case ev.TimerFired():
            return cmd.FireTimer(**common, timer_id=first.timer_id)
        case ev.HitlResolved():
            decision = {"request_id": first.request_id, "decision": first.decision, "note": first.note}
            return cmd.ResolveHitl.model_validate({**common, **decision, "edits": first.edits})
        case ev.Paused():
            return cmd.PauseRun(**common, reason=first.reason)
        case ev.Resumed():
            return cmd.ResumeRun(**common)
        case ev.Cancelled():
            return cmd.CancelRun(**common, reason=first.reason)
        case ev.ManualTriggered():
            return cmd.TriggerPolicy(**common, policy_id=first.policy_id)
        case ev.SignalReceived():
            return cmd.ReceiveSignal(**common, signal=SignalEnvelope.model_validate(first.signal))
        case _:
            raise ValueError(f"a commit cannot begin with {first.kind}")


def _answer(first: ev.PlanGenerated | ev.PlanUpdated | ev.PlanRejected) -> Any:
    match first:
        case ev.PlanGenerated():
            document: Any = first.draft
        case ev.PlanUpdated():
            document = first.delta
        case _:
            document = first.answer
    return PlannerAnswer.model_validate({"answer": document}).answer


def _outcome(first: ev.NodeCompleted | ev.NodeFailed | ev.NodeSuperseded) -> Any:
    if isinstance(first, ev.NodeSuperseded):
        return first.outcome
    measures = {
        "metrics": first.metrics,
        "cost": None if first.cost_estimated else first.cost,
        "latency_ms": None if first.latency_estimated else first.latency_ms,
    }
    if first.outputs is not None:
        return cmd.Result.model_validate({"outputs": first.outputs, "validation": first.validation, **measures})
    assert isinstance(first, ev.NodeFailed)
    return cmd.Failure(code=first.code, error=first.error, retryable=first.retryable, **measures)
