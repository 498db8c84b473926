"""Several directives on one signal: who acts, who is superseded (semantics 7)."""

from itertools import combinations_with_replacement
from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.run import commands as cmd
from flexes.run import events as ev

ACTIONS: dict[str, dict[str, Any]] = {
    "fail": {"type": "fail"},
    "hitl": {"type": "hitl"},
    "pause": {"type": "pause"},
    "replan": {"type": "replan"},
    "goto": {"type": "goto"},
    "emit": {"type": "emit", "event": "e"},
}


def expected(first: str, second: str, position: int) -> str:
    """Return the outcome of one of two directives, by the rules of semantics 7."""
    mine, other = (first, second) if position == 0 else (second, first)
    if mine == "emit":
        return "matched"
    if "fail" in (first, second):
        return "matched" if mine == "fail" and (other != "fail" or position == 0) else "superseded"
    if mine in ("hitl", "pause"):
        return "matched"
    if mine == "replan":
        return "superseded" if other == "hitl" else "matched"
    if other in ("hitl", "replan"):
        return "superseded"
    return "superseded" if other == "goto" and position == 1 else "matched"


@pytest.mark.parametrize(("first", "second"), list(combinations_with_replacement(ACTIONS, 2)))
def test_two_directives(first: str, second: str) -> None:
    """fail acts alone but for emits; each hitl supersedes replan and goto; pause supersedes nothing; replans join and
    supersede goto; else the first goto.
    """
    actions = [ACTIONS[first], ACTIONS[second]]
    selector = {"selector": {"node": "a"}}
    run = Run(runtime=[{"id": f"r{n}", "trigger": selector, "action": action} for n, action in enumerate(actions)])
    events = run.end("a", outputs={"copy": 1})
    [evaluated] = [event for event in events if isinstance(event, ev.SignalEvaluated)]
    found = {name: outcome for name, outcome, _ in evaluated.outcomes}
    assert found == {"r0": expected(first, second, 0), "r1": expected(first, second, 1)}
    acted = {event.policy_id for event in events if isinstance(event, ev.PolicyTriggered)}
    assert acted == {name for name, outcome in found.items() if outcome == "matched"}


def test_replans_share_one_request() -> None:
    """All matched replans share one planner request, their intents in order, a cost cap before a rewrite."""
    run = Run(
        runtime=[{"id": "more", "trigger": {"selector": {"node": "a"}}, "action": {"type": "replan"}}],
        thresholds={
            "quality": [{"id": "good", "metric": "q", "min": 0.9}],
            "cost": [{"id": "cheap", "capTotal": 1.0}],
        },
    )
    events = run.end("a", outputs={"copy": 1}, metrics={"q": 0.1})
    [requested] = [event for event in events if isinstance(event, ev.PlanRequested)]
    assert [(intent["directive"], intent["intent"]) for intent in requested.intents] == [
        ("cheap", "fallback"),
        ("good", "rewrite"),
        ("more", "rewrite"),
    ]
    kinds = [event.kind for event in events]
    assert kinds[:2] == ["NodeCompleted", "SignalEvaluated"]
    assert kinds[2:] == ["PolicyTriggered"] * 3 + ["PlanRequested"]


def test_a_cost_replan_waits_for_the_human() -> None:
    """A cost replan that a hitl supersedes waits in the inbox and is evaluated again after the decision."""
    run = Run(
        runtime=[{"id": "look", "trigger": {"selector": {"node": "a"}}, "action": {"type": "hitl"}}],
        thresholds={"cost": [{"id": "cheap", "capTotal": 1.0}, {"id": "cheaper", "capTotal": 0.5}]},
    )
    events = run.end("a", outputs={"copy": 1})
    [evaluated] = [event for event in events if isinstance(event, ev.SignalEvaluated)]
    assert dict((name, outcome) for name, outcome, _ in evaluated.outcomes) == {
        "look": "matched",
        "cheap": "superseded",
        "cheaper": "superseded",
    }
    assert [event.kind for event in events].count("SignalDeferred") == 2
    [request] = run.state.open_requests
    later = run.events_of(cmd.ResolveHitl, "lead", request_id=request, decision="approve")
    again = [
        event for event in later if isinstance(event, ev.SignalEvaluated) and event.signal_id == evaluated.signal_id
    ]
    assert [name for event in again for name, _, _ in event.outcomes][:1] == ["cheap"]
    assert run.state.status == "replanning"
    assert [item["directive"] for item in run.state.inbox if "directive" in item] == ["cheaper"]
