"""Timers: due at their instant and not before, once, and about nothing else (semantics 8)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.ids import Instant
from flexes.run import commands as cmd
from flexes.run import events as ev
from flexes.run.timers import due

PEOPLE = (
    {"id": "a", "capability": "write"},
    {"id": "h", "capability": "ask", "dependsOn": ["a"]},
    {"id": "s", "capability": "sign", "dependsOn": ["a"]},
)


def fire(run: Run, timer_id: str) -> list[str]:
    """Fire a timer; return the kinds of the events that followed."""
    return run.give(cmd.FireTimer, timer_id=timer_id)


def test_a_human_node_that_times_out_closes_its_own_question() -> None:
    """When a human node runs past its time, its question closes with it; what others are asked stays open."""
    run = Run(PEOPLE)
    run.end("a", outputs={"copy": 1})
    [mine, theirs] = run.state.open_requests
    run.after_ms = 1000.0
    [resolved, failed] = [
        event
        for event in run.events_of(cmd.FireTimer, timer_id="deadline:h:1")
        if isinstance(event, (ev.HitlResolved, ev.NodeFailed))
    ]
    assert isinstance(resolved, ev.HitlResolved)
    assert (resolved.request_id, resolved.decision, resolved.by) == (mine, "timeout", "system")
    assert isinstance(failed, ev.NodeFailed)
    assert (failed.code, failed.retryable, failed.latency_ms) == ("timeout", True, 1000.0)
    assert run.state.open_requests == (theirs,)


@pytest.mark.parametrize(("after_ms", "is_due"), [(999.999, False), (1000.0, True), (1000.001, True)])
def test_the_instant_counts(after_ms: float, is_due: bool) -> None:
    """A timer is due from its instant on; fired before it, it does nothing."""
    run = Run(PEOPLE)
    run.end("a", outputs={"copy": 1})
    [timer] = run.state.timers
    run.after_ms = after_ms
    at = Instant(timer.due_at) if is_due else run.state.at
    assert (timer in due(run.state, at)) is is_due
    assert bool(fire(run, timer.id)) is is_due
    assert fire(run, timer.id) == []
    assert fire(run, "deadline:nobody:1") == []


def test_a_measured_overrun() -> None:
    """An onTimeout directive sees how long the node has run so far, to the instant at which it is looked at."""
    policy: dict[str, Any] = {
        "id": "late",
        "trigger": {"kind": "onTimeout", "ms": 500.0, "selector": {"node": "a"}},
        "when": "$node.latencyMs >= 800",
        "action": {"type": "emit", "event": "late"},
    }
    run = Run(runtime=[policy])
    [timer] = run.state.timers
    run.give(cmd.PauseRun)
    run.after_ms = 500.0
    fire(run, timer.id)
    run.after_ms = 800.0
    events = run.events_of(cmd.ResumeRun)
    [evaluated] = [event for event in events if isinstance(event, ev.SignalEvaluated)]
    assert evaluated.outcomes == (("late", "matched", None),)


@pytest.mark.parametrize(("on", "timers"), [(True, 1), (False, 0)])
def test_no_policy_no_timer(on: bool, timers: int) -> None:
    """With the policy engine off no directive is waited for; the time limits of capabilities stay (semantics 9)."""
    late = {"id": "late", "trigger": {"kind": "onTimeout", "ms": 500.0}, "action": {"type": "fail"}}
    run = Run(PEOPLE, flags=cmd.Flags(policy_engine=on), runtime=[late])
    [started] = [event for event in run.events if isinstance(event, ev.NodeStarted)]
    assert len(started.timers) == timers
    run.end("a", outputs={"copy": 1})
    assert [timer.kind for timer in run.state.timers].count("deadline") == 1
