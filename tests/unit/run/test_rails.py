"""Guard rails within one commit: what several directives want at once, what a tripped rail says (semantics 5, 7)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.run import commands as cmd
from flexes.run import events as ev

AT_A: dict[str, Any] = {"selector": {"node": "a"}}
LOW: dict[str, Any] = {"quality": [{"id": "good", "metric": "q", "min": 0.9}]}


def directives(*actions: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one directive an action, all on the outcome of the first node."""
    return [{"id": f"d{place}", "trigger": AT_A, "action": action} for place, action in enumerate(actions)]


def of_kind(events: tuple[ev.Event, ...], kind: type[Any]) -> list[Any]:
    """Return the events of one type."""
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize(("limit", "opened"), [(0, 0), (1, 0), (2, 0), (3, 3), (4, 3)])
def test_requests_of_one_signal_count_together(limit: int, opened: int) -> None:
    """Three hitl actions of one signal need room for three; with less the run fails (`hitl_limit`), and asks nobody."""
    run = Run(runtime=directives(*({"type": "hitl"},) * 3), guardRails={"maxHitlRequests": limit})
    events = run.end("a", outputs={"copy": 1})
    assert len(of_kind(events, ev.HitlRequested)) == opened
    assert (run.state.ending.code if run.state.ending else None) == (None if opened else "hitl_limit")


@pytest.mark.parametrize(("limit", "status"), [(1, "failed"), (2, "awaiting_hitl")])
def test_a_follow_up_counts_the_requests_before_it(limit: int, status: str) -> None:
    """A hitl that follows an exhausted action comes on top of those that the same signal opens."""
    exhausted = {"type": "goto", "maxAttempts": 0, "onExhausted": {"type": "hitl"}}
    run = Run(runtime=directives({"type": "hitl"}, exhausted), guardRails={"maxHitlRequests": limit})
    events = run.end("a", outputs={"copy": 1})
    assert run.state.status == status
    paths = [event.action_path for event in of_kind(events, ev.HitlRequested)]
    assert paths == (["action", "action/onExhausted"] if limit == 2 else [])


@pytest.mark.parametrize(("beside", "follow_up"), [(None, "hitl"), ({"type": "fail"}, "continue")])
def test_a_tripped_rail_says_what_really_follows(beside: dict[str, Any] | None, follow_up: str) -> None:
    """A rail that tripped names its follow-up only where that takes effect; beside a `fail` it does not."""
    run = Run(thresholds=LOW, runtime=directives(*filter(None, [beside])), guardRails={"maxReplans": 0})
    [tripped] = of_kind(run.end("a", outputs={"copy": 1}, metrics={"q": 0.1}), ev.GuardRailTripped)
    assert (tripped.rail, tripped.policy_id, tripped.node_id) == ("maxReplans", "good", "a")
    assert tripped.follow_up == follow_up


@pytest.mark.parametrize(
    ("selector", "action", "reason"),
    [
        (None, {"type": "goto"}, "the signal has no node"),
        ({"node": "b"}, {"type": "goto"}, "the signal has no node"),
        (None, {"type": "goto", "next": "b"}, "b never started, or waits to run again"),
        (None, {"type": "goto", "next": {"kind": "validation"}}, "no started node matches the selector"),
    ],
)
def test_a_goto_without_target_says_why(selector: Any, action: dict[str, Any], reason: str) -> None:
    """`target_missing` tells what was looked for: a node of the signal, a named node, or one that a selector finds."""
    run = Run(runtime=[{"id": "m", "trigger": {"kind": "manual", "selector": selector}, "action": action}])
    [evaluated] = of_kind(run.events_of(cmd.TriggerPolicy, policy_id="m"), ev.SignalEvaluated)
    assert evaluated.outcomes == (("m", "target_missing", f"nothing to go to: {reason}"),)


def test_a_goto_to_itself_that_waits_says_why() -> None:
    """A signal about an attempt that was reset meanwhile has nothing to go to: its node waits to run again."""
    again = {"type": "goto", "next": "a", "backoff": {"initialMs": 1000.0}}
    policies = [
        {"id": "first", "trigger": AT_A, "action": again},
        {"id": "fed", "trigger": {"kind": "onHitlFeedback"}, "action": {"type": "goto"}},
        {"id": "ask", "trigger": AT_A, "action": {"type": "hitl", "approveAction": again}},
    ]
    run = Run(runtime=policies)
    run.end("a", outputs={"copy": 1})
    [request] = run.state.open_requests
    events = run.events_of(cmd.ResolveHitl, "lead", request_id=request, decision="approve")
    [evaluated] = [event for event in of_kind(events, ev.SignalEvaluated) if event.signal_kind == "feedback"]
    reason = "nothing to go to: a never started, or waits to run again"
    assert evaluated.outcomes == (("fed", "target_missing", reason),)


def test_a_follow_up_of_a_follow_up_has_its_own_path() -> None:
    """What follows an exhausted goto may be exhausted in turn; the request that is left names the whole way."""
    exhausted = {"type": "goto", "maxAttempts": 0, "onExhausted": {"type": "replan"}}
    run = Run(runtime=directives(exhausted), guardRails={"maxReplans": 0, "onLimit": "hitl"})
    [request] = of_kind(run.end("a", outputs={"copy": 1}), ev.HitlRequested)
    assert (request.action_path, request.rationale) == ("action/onExhausted/onUnresolved", "d0: maxReplans 0 reached")
