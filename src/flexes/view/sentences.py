"""One sentence for people about each event: the message of its frame, and its summary in the audit."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from flexes.run import events as ev
from flexes.view.step import Step

MAX_CHARS: Final = 300
"""Longest sentence; texts of users and models can be of any length."""


def sentence(step: Step[Any]) -> str:
    """Return what happened, in one line of at most MAX_CHARS."""
    return one_line(_SENTENCES[step.event.kind](step))


def one_line(text: str) -> str:
    """Return a text with its white space folded to single blanks, cut where it is too long."""
    folded = " ".join(text.split())
    return folded if len(folded) <= MAX_CHARS else folded[: MAX_CHARS - 1] + "…"


def _because(what: str, why: object) -> str:
    return f"{what}: {why}" if why else what


def _about(what: str, node_id: str | None) -> str:
    return f"{what} about {node_id}" if node_id else what


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    return ", ".join(listed[:5]) + more


def _run_started(step: Step[ev.RunStarted]) -> str:
    return f"Run started: {step.event.envelope.get('objective', '')}"


def _plan_requested(step: Step[ev.PlanRequested]) -> str:
    event = step.event
    asked_by = _some(dict.fromkeys(intent["directive"] for intent in event.intents))
    wanted = f"to change plan version {event.base_version} for {asked_by}" if event.base_version else "for a first plan"
    again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
    return f"The planner is asked {wanted}{again}"


def _plan_generated(step: Step[ev.PlanGenerated]) -> str:
    nodes = len(step.event.draft.get("nodes", ()))
    return _because(f"Plan version 1 has {nodes} node(s)", step.event.rationale)


def _plan_updated(step: Step[ev.PlanUpdated]) -> str:
    event = step.event
    caused = f" because of {_some(event.triggers)}" if event.triggers else ""
    return _because(
        f"Plan version {event.new_version} follows version {event.previous_version}{caused}", event.rationale
    )


def _plan_rejected(step: Step[ev.PlanRejected]) -> str:
    first = next((found.get("message") for found in step.event.diagnostics), None)
    return _because("The planner declined" if step.event.declined else "The planner's answer was refused", first)


def _node_started(step: Step[ev.NodeStarted]) -> str:
    event = step.event
    return f"{event.node_id} started: {event.capability_id}, attempt {event.attempt}"


def _node_completed(step: Step[ev.NodeCompleted]) -> str:
    event = step.event
    by = f" by {event.by}" if event.by else ""
    return f"{event.node_id} completed{by}, attempt {event.attempt}"


def _node_failed(step: Step[ev.NodeFailed]) -> str:
    event = step.event
    return f"{event.node_id} failed, attempt {event.attempt}: {event.error}"


def _node_superseded(step: Step[ev.NodeSuperseded]) -> str:
    event = step.event
    return f"A late result of {event.node_id}, attempt {event.attempt}, was set aside; its cost counts"


def _nodes_reset(step: Step[ev.NodesReset]) -> str:
    cause = step.event.cause
    return _because(
        f"To run again: {_some(node[0] for node in step.event.nodes)}",
        cause.get("policyId") or cause.get("reason"),
    )


def _rewrite_started(step: Step[ev.RewriteStarted]) -> str:
    return f"{step.event.node_id} rewrites {step.event.copy_of}"


def _signal_received(step: Step[ev.SignalReceived]) -> str:
    return _about("A signal from outside arrived", step.event.signal.get("node"))


def _signal_evaluated(step: Step[ev.SignalEvaluated]) -> str:
    counted: dict[str, int] = {}
    for _, outcome, _ in step.event.outcomes:
        counted[outcome] = counted.get(outcome, 0) + 1
    told = ", ".join(f"{times} {outcome}" for outcome, times in counted.items()) or "none looked at it"
    return f"Policies on {step.event.node_id or step.event.signal_kind}: {told}"


def _signal_deferred(step: Step[ev.SignalDeferred]) -> str:
    item = step.event.item
    return _about(f"An item of kind {item.get('kind')} waits in the inbox", item.get("node"))


def _signal_taken(step: Step[ev.SignalTaken]) -> str:
    return _because("The oldest item left the inbox", step.event.dropped and f"dropped, {step.event.dropped}")


def _timer_fired(step: Step[ev.TimerFired]) -> str:
    event = step.event
    return f"The {event.timer_kind} timer of {event.node_id or event.request_id or 'the run'} came due"


def _manual_triggered(step: Step[ev.ManualTriggered]) -> str:
    return f"{step.event.actor} fired policy {step.event.policy_id}"


def _policy_triggered(step: Step[ev.PolicyTriggered]) -> str:
    event = step.event
    on = f" on {event.node_id}" if event.node_id else ""
    return _because(f"Policy {event.policy_id} acts with {event.action}{on}", event.cause)


def _policy_emitted(step: Step[ev.PolicyEmitted]) -> str:
    return f"Policy {step.event.policy_id} emitted {step.event.event}"


def _guard_rail_tripped(step: Step[ev.GuardRailTripped]) -> str:
    event = step.event
    held = f" held back policy {event.policy_id}" if event.policy_id else " was reached"
    return _because(f"Guard rail {event.rail} {event.limit}{held}", event.follow_up and f"{event.follow_up} follows")


def _hitl_requested(step: Step[ev.HitlRequested]) -> str:
    return _because(_about("A human decision is needed", step.event.node_id), step.event.rationale)


def _hitl_resolved(step: Step[ev.HitlResolved]) -> str:
    event = step.event
    decided = {"approve": f"{event.by} approved", "reject": f"{event.by} rejected"}
    return _because(decided.get(event.decision, "Nobody decided in time"), event.note)


def _paused(step: Step[ev.Paused]) -> str:
    by = f"policy {step.event.policy_id}" if step.event.policy_id else step.event.actor
    return _because(f"Run paused by {by}", step.event.reason)


def _resumed(step: Step[ev.Resumed]) -> str:
    return f"Run resumed by {step.event.actor}"


def _completed(_step: Step[ev.Completed]) -> str:
    return "Run completed"


def _failed(step: Step[ev.Failed]) -> str:
    return f"Run failed: {step.event.message}"


def _cancelled(step: Step[ev.Cancelled]) -> str:
    return _because(f"Run cancelled by {step.event.actor}", step.event.reason)


_SENTENCES: Final[Mapping[str, Callable[[Step[Any]], str]]] = {
    "RunStarted": _run_started,
    "PlanRequested": _plan_requested,
    "PlanGenerated": _plan_generated,
    "PlanUpdated": _plan_updated,
    "PlanRejected": _plan_rejected,
    "NodeStarted": _node_started,
    "NodeCompleted": _node_completed,
    "NodeFailed": _node_failed,
    "NodeSuperseded": _node_superseded,
    "NodesReset": _nodes_reset,
    "RewriteStarted": _rewrite_started,
    "SignalReceived": _signal_received,
    "SignalEvaluated": _signal_evaluated,
    "SignalDeferred": _signal_deferred,
    "SignalTaken": _signal_taken,
    "TimerFired": _timer_fired,
    "ManualTriggered": _manual_triggered,
    "PolicyTriggered": _policy_triggered,
    "PolicyEmitted": _policy_emitted,
    "GuardRailTripped": _guard_rail_tripped,
    "HitlRequested": _hitl_requested,
    "HitlResolved": _hitl_resolved,
    "Paused": _paused,
    "Resumed": _resumed,
    "Completed": _completed,
    "Failed": _failed,
    "Cancelled": _cancelled,
}
