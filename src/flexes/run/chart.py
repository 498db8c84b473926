"""The chart of a run's statuses (semantics 2): the source of the table in `lifecycle`, and of the drawing in the docs.

Rules:
1. NodeStarted, RewriteStarted and Completed only in `running`; Resumed only in `paused`; HitlResolved in
   `awaiting_hitl` and `paused`; PlanGenerated only in the planning phase, so also while that is paused; all else in any
   open status.
2. A final status has no way out.

This is the only file that imports python-statemachine, and whoever only reads runs never imports this file.
"""

from typing import Any, Final

from statemachine import State, StateChart

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
