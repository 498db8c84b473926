"""What follows when the planner cannot help several directives that asked together (semantics 5, 9)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.plan.handshake import Decline
from flexes.run import commands as cmd
from flexes.run import events as ev

POOR: dict[str, Any] = {"outputs": {"copy": 1}, "metrics": {"q": 0.1, "r": 0.1}}


def declined(run: Run) -> tuple[ev.Event, ...]:
    """Let a node fall short of everything that is asked of it, and the planner decline; return what followed."""
    run.end("a", **POOR)
    assert run.state.handshake is not None
    return run.events_of(cmd.AnswerPlanner, request_id=run.state.handshake.request_id, answer=Decline(reason="no"))


def quality(*answers: str) -> dict[str, Any]:
    """Return quality thresholds that the first node breaks, with what follows when the planner cannot help."""
    each = zip(("q", "r"), answers, strict=True)
    return {"quality": [{"id": name, "metric": name, "min": 0.9, "onUnresolved": answer} for name, answer in each]}


def codes(events: tuple[ev.Event, ...]) -> list[str | None]:
    """Return the codes with which the run failed."""
    return [event.code for event in events if isinstance(event, ev.Failed)]


@pytest.mark.parametrize("answers", [("fail", "fail"), ("fail", "hitl"), ("hitl", "fail"), ("continue", "fail")])
def test_a_fail_acts_alone(answers: tuple[str, str]) -> None:
    """Where one of several fallbacks fails the run, the first of these acts alone."""
    run = Run(thresholds=quality(*answers))
    events = declined(run)
    acted = [event.policy_id for event in events if isinstance(event, ev.PolicyTriggered)]
    assert acted == ["q" if answers[0] == "fail" else "r"]
    assert codes(events) == ["plan_unresolved"]


@pytest.mark.parametrize(("limit", "ends"), [(0, ["hitl_limit"]), (1, ["hitl_limit"]), (2, [])])
def test_fallbacks_that_ask_share_the_cap(limit: int, ends: list[str]) -> None:
    """Two fallbacks that ask a human need room for two; with less the run fails (`hitl_limit`), and names the node."""
    run = Run(thresholds=quality("hitl", "hitl"), guardRails={"maxHitlRequests": limit})
    events = declined(run)
    asked = [event.action_path for event in events if isinstance(event, ev.HitlRequested)]
    tripped = [event for event in events if isinstance(event, ev.GuardRailTripped)]
    assert codes(events) == ends
    assert asked == (["action/onUnresolved"] * 2 if limit == 2 else [])
    assert {(event.rail, event.node_id) for event in tripped} == ({("maxHitlRequests", "a")} if ends else set())


@pytest.mark.parametrize(
    ("outcome", "kind"), [({"outputs": {"copy": 1}}, "onNodeComplete"), ({"error": "e"}, "onNodeFail")]
)
def test_a_fallback_tells_what_it_heard(outcome: dict[str, Any], kind: str) -> None:
    """What follows a declined request is about the node as it is: completed or failed."""
    run = Run(thresholds={"cost": [{"id": "cheap", "capTotal": 1.0}]})
    run.end("a", **outcome)
    assert run.state.handshake is not None
    decline = Decline(reason="no")
    events = run.events_of(cmd.AnswerPlanner, request_id=run.state.handshake.request_id, answer=decline)
    [triggered] = [event for event in events if isinstance(event, ev.PolicyTriggered)]
    assert (triggered.policy_id, triggered.trigger_kind, triggered.node_id) == ("cheap", kind, "a")
