"""The explicit state machine of a run (semantics 2): its statuses, and the moves that the chart allows.

Three facts make the status: the phase, whether the run is paused, which human requests are open. `chart` is the source
of the moves. Its table is read off it once; asking it costs one dictionary look-up.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

Status = Literal["planning", "running", "replanning", "paused", "awaiting_hitl", "completed", "failed", "cancelled"]
Phase = Literal["planning", "running", "replanning"]

ACTIVE: Final[frozenset[Status]] = frozenset({"planning", "running", "replanning"})
SUSPENDED: Final[frozenset[Status]] = frozenset({"paused", "awaiting_hitl"})
FINAL: Final[frozenset[Status]] = frozenset({"completed", "failed", "cancelled"})

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
    from flexes.run.chart import RunChart

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
