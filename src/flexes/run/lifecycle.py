"""The explicit state machine of a run (semantics 2): the chart is the source, everything else is read off it.

Rules:
1. Three facts make the status: the phase, whether the run is paused, which human requests are open.
2. NodeStarted, RewriteStarted and Completed only in `running`; Resumed only in `paused`; HitlResolved in
   `awaiting_hitl` and `paused`; PlanGenerated only in the planning phase, so also while that is paused; all else in any
   open status.
3. A final status has no way out.

This is the only file that imports python-statemachine. Its table is read once; asking it costs one dictionary look-up.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal

from statemachine import State, StateChart

Status = Literal["planning", "running", "replanning", "paused", "awaiting_hitl", "completed", "failed", "cancelled"]
Phase = Literal["planning", "running", "replanning"]

ACTIVE: Final[frozenset[Status]] = frozenset({"planning", "running", "replanning"})
SUSPENDED: Final[frozenset[Status]] = frozenset({"paused", "awaiting_hitl"})
FINAL: Final[frozenset[Status]] = frozenset({"completed", "failed", "cancelled"})

_NOTED: Final = (
    "node_completed node_failed node_superseded nodes_reset signal_received signal_evaluated signal_deferred "
    "signal_taken timer_fired manual_triggered policy_triggered policy_emitted guard_rail_tripped"
)
"""Facts that never move the status by themselves."""


class RunChart(StateChart[Any]):
    """The statuses of a run and the events that lead from one to another."""

    planning = State(initial=True)
    running = State()
    replanning = State()
    paused = State()
    awaiting_hitl = State()
    completed = State(final=True)
    failed = State(final=True)
    cancelled = State(final=True)

    noted = (
        planning.to(planning, event=_NOTED)
        | running.to(running, event=_NOTED)
        | replanning.to(replanning, event=_NOTED)
        | paused.to(paused, event=_NOTED)
        | awaiting_hitl.to(awaiting_hitl, event=_NOTED)
    )
    node_start = running.to(running, event="node_started rewrite_started")

    plan_request = (
        planning.to(planning, event="plan_requested")
        | running.to(replanning, event="plan_requested")
        | replanning.to(replanning, event="plan_requested")
        | paused.to(paused, event="plan_requested")
        | awaiting_hitl.to(awaiting_hitl, event="plan_requested")
    )
    plan_generation = planning.to(running, event="plan_generated") | paused.to(paused, event="plan_generated")
    plan_update = (
        replanning.to(running, event="plan_updated")
        | paused.to(paused, event="plan_updated")
        | awaiting_hitl.to(awaiting_hitl, event="plan_updated")
    )
    plan_rejection = (
        planning.to(planning, event="plan_rejected")
        | replanning.to(running, event="plan_rejected")
        | paused.to(paused, event="plan_rejected")
        | awaiting_hitl.to(awaiting_hitl, event="plan_rejected")
    )

    human_request = (
        planning.to(awaiting_hitl, event="hitl_requested")
        | running.to(awaiting_hitl, event="hitl_requested")
        | replanning.to(awaiting_hitl, event="hitl_requested")
        | awaiting_hitl.to(awaiting_hitl, event="hitl_requested")
        | paused.to(paused, event="hitl_requested")
    )
    human_decision = (
        awaiting_hitl.to(awaiting_hitl, event="hitl_resolved")
        | awaiting_hitl.to(planning, event="hitl_resolved")
        | awaiting_hitl.to(running, event="hitl_resolved")
        | awaiting_hitl.to(replanning, event="hitl_resolved")
        | paused.to(paused, event="hitl_resolved")
    )

    pause = (
        planning.to(paused, event="run_paused")
        | running.to(paused, event="run_paused")
        | replanning.to(paused, event="run_paused")
        | awaiting_hitl.to(paused, event="run_paused")
        | paused.to(paused, event="run_paused")
    )
    resumption = (
        paused.to(planning, event="run_resumed")
        | paused.to(running, event="run_resumed")
        | paused.to(replanning, event="run_resumed")
        | paused.to(awaiting_hitl, event="run_resumed")
    )

    end = (
        running.to(completed, event="run_completed")
        | planning.to(failed, event="run_failed")
        | running.to(failed, event="run_failed")
        | replanning.to(failed, event="run_failed")
        | paused.to(failed, event="run_failed")
        | awaiting_hitl.to(failed, event="run_failed")
        | planning.to(cancelled, event="run_cancelled")
        | running.to(cancelled, event="run_cancelled")
        | replanning.to(cancelled, event="run_cancelled")
        | paused.to(cancelled, event="run_cancelled")
        | awaiting_hitl.to(cancelled, event="run_cancelled")
    )


EVENT_NAMES: Final[Mapping[str, str]] = {
    "NodeCompleted": "node_completed",
    "NodeFailed": "node_failed",
    "NodeSuperseded": "node_superseded",
    "NodesReset": "nodes_reset",
    "SignalReceived": "signal_received",
    "SignalEvaluated": "signal_evaluated",
    "SignalDeferred": "signal_deferred",
    "SignalTaken": "signal_taken",
    "TimerFired": "timer_fired",
    "ManualTriggered": "manual_triggered",
    "PolicyTriggered": "policy_triggered",
    "PolicyEmitted": "policy_emitted",
    "GuardRailTripped": "guard_rail_tripped",
    "NodeStarted": "node_started",
    "RewriteStarted": "rewrite_started",
    "PlanRequested": "plan_requested",
    "PlanGenerated": "plan_generated",
    "PlanUpdated": "plan_updated",
    "PlanRejected": "plan_rejected",
    "HitlRequested": "hitl_requested",
    "HitlResolved": "hitl_resolved",
    "Paused": "run_paused",
    "Resumed": "run_resumed",
    "Completed": "run_completed",
    "Failed": "run_failed",
    "Cancelled": "run_cancelled",
}
"""Stored event type -> its name in the chart. RunStarted makes the run and is not a transition."""


@cache
def transitions() -> Mapping[tuple[str, str], frozenset[str]]:
    """Return (status, event type) -> the statuses that may follow, read off the chart."""
    types = {name: event for event, name in EVENT_NAMES.items()}
    table: dict[tuple[str, str], set[str]] = {}
    for state in RunChart.states:
        for transition in state.transitions:
            for name in str(transition.event).split():
                if name in types and transition.target is not None:
                    table.setdefault((state.id, types[name]), set()).add(transition.target.id)
    return {move: frozenset(targets) for move, targets in table.items()}


def allows(status: str, event_type: str) -> bool:
    """Return whether the chart lets this event happen in this status."""
    return (status, event_type) in transitions()
