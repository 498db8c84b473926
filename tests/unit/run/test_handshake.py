"""The handshake with the planner: what is asked, under which id, and which answers count (semantics 9)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.errors import StalePlanVersion
from flexes.plan.handshake import Crashed, Decline
from flexes.run import commands as cmd
from flexes.run import events as ev

MANUAL: dict[str, Any] = {"id": "m", "trigger": {"kind": "manual"}, "action": {"type": "replan", "intent": "rewrite"}}
RAILS: dict[str, Any] = {"maxPlannerAttempts": 2, "onLimit": "continue"}
GARBAGE = Crashed(code="planner_garbage", reason="no JSON")


def requests(run: Run) -> list[ev.PlanRequested]:
    """Return the requests to the planner so far."""
    return [event for event in run.events if isinstance(event, ev.PlanRequested)]


def answer(run: Run, given: Any) -> tuple[ev.Event, ...]:
    """Answer the last request."""
    return run.events_of(cmd.AnswerPlanner, request_id=requests(run)[-1].request_id, answer=given)


@pytest.mark.parametrize(
    ("caps", "asked"),
    [
        ({"capTotal": 2.5, "capPerNode": 1.0}, {"capPerNode": 1.0}),
        ({"capTotal": 2.4, "capPerNode": 2.0}, {"capTotal": 2.4}),
        ({"capTotal": 2.4, "capPerNode": 1.9}, {"capTotal": 2.4, "capPerNode": 1.9}),
    ],
)
def test_only_a_breached_cap_is_asked_for(caps: dict[str, float], asked: dict[str, float]) -> None:
    """Of two caps the planner is asked to meet those that are exceeded; one that is just met is not."""
    run = Run(thresholds={"cost": [{"id": "cheap", **caps}]})
    run.end("a", outputs={"copy": 1})
    [intent] = requests(run)[-1].intents
    assert {name: intent[name] for name in ("capTotal", "capPerNode") if name in intent} == asked
    assert (intent["directive"], intent["intent"], intent["node"], intent["attempt"]) == ("cheap", "fallback", "a", 1)


def test_every_request_has_an_id_of_its_own() -> None:
    """A request's id comes from run, handshake and attempt, the same in every release; the next attempt has another."""
    run = Run(runtime=[MANUAL], guardRails=RAILS)
    for _ in range(2):
        run.give(cmd.TriggerPolicy, policy_id="m")
        answer(run, GARBAGE)
        answer(run, Decline(reason="no"))
    assert [(request.attempt, request.request_id) for request in requests(run)] == [
        (1, "6ec69720-a18c-5e83-98c3-da98a4efd498"),
        (1, "2a798ae1-2ff9-50ca-84e9-c23d60b663f8"),
        (2, "0cb218e0-a9dd-51a1-bb2a-e6abb01c5f2c"),
        (1, "34afe487-7245-5d70-a660-f55150bbc31e"),
        (2, "7d95a9a4-de6e-5890-8a01-0b6d7aa0c7be"),
    ]
    assert [found["code"] for found in requests(run)[2].diagnostics] == ["planner_garbage"]


def test_only_the_open_request_is_answered() -> None:
    """An answer to a request that is not open any more is refused, and changes nothing."""
    run = Run(runtime=[MANUAL], guardRails=RAILS)
    [first] = requests(run)
    run.give(cmd.TriggerPolicy, policy_id="m")
    before = run.state
    with pytest.raises(StalePlanVersion) as caught:
        run.give(cmd.AnswerPlanner, request_id=first.request_id, answer=Decline(reason="late"))
    assert run.state == before
    assert caught.value.facts == {"request_id": first.request_id}
    assert "outstanding() names" in str(caught.value)


def test_attempts_that_are_used_up_end_the_handshake() -> None:
    """The last refused attempt trips maxPlannerAttempts, and the run goes on as policies say, under its old plan."""
    run = Run(runtime=[MANUAL], guardRails=RAILS)
    run.give(cmd.TriggerPolicy, policy_id="m")
    answer(run, GARBAGE)
    events = answer(run, Crashed(code="planner_error", reason="boom"))
    [rejected, tripped] = [event for event in events if isinstance(event, (ev.PlanRejected, ev.GuardRailTripped))]
    assert isinstance(rejected, ev.PlanRejected)
    assert (rejected.attempt, rejected.declined, rejected.diagnostics[0]["code"]) == (2, False, "planner_error")
    assert isinstance(tripped, ev.GuardRailTripped)
    assert (tripped.rail, tripped.limit) == ("maxPlannerAttempts", 2)
    assert (run.state.status, run.state.plan_version) == ("running", 1)
