"""The handshake with the planner: what is asked, under which id, and which answers count (semantics 9)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.errors import StalePlanVersion
from flexes.plan.handshake import Crashed, Decline, Delta, Draft
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


def test_the_first_plan_is_one_handshake() -> None:
    """A draft that is refused is asked for again under the number of the first handshake, which no replan has."""
    run = Run([{"id": "x", "capability": "none"}])
    assert [(request.attempt, request.base_version, request.request_id) for request in requests(run)] == [
        (1, 0, "6ec69720-a18c-5e83-98c3-da98a4efd498"),
        (2, 0, "7015279c-e693-571e-bb36-8c201cf5eeae"),
    ]


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


@pytest.mark.parametrize(("opted_out", "warned"), [("m", []), ("nobody", ["unknown_policy"])])
def test_a_plan_version_stores_what_it_was_checked_against(opted_out: str, warned: list[str]) -> None:
    """Each plan version keeps its warnings and its compiled contracts; a delta keeps the version that it replaced."""
    overrides = {"optOut": [opted_out], "rationale": "said so"}
    run = Run([{"id": "a", "capability": "write", "policyOverrides": overrides}], runtime=[MANUAL])
    [generated] = [event for event in run.events if isinstance(event, ev.PlanGenerated)]
    assert [found["code"] for found in generated.diagnostics] == warned
    assert list(generated.contracts["nodes"]) == ["a"]
    run.give(cmd.TriggerPolicy, policy_id="m")
    node = {"id": "n", "capability": "note", "policyOverrides": overrides}
    [updated, *_] = answer(run, Delta.model_validate({"add": [node]}))
    assert isinstance(updated, ev.PlanUpdated)
    assert (updated.previous_version, updated.new_version, updated.rationale) == (1, 2, "rewrite")
    assert [found["code"] for found in updated.diagnostics] == warned * 2
    assert list(updated.contracts["nodes"]) == ["a", "n"]


def test_a_delta_without_a_reason_gets_that_of_its_intents() -> None:
    """A planner that gives no rationale leaves that of those who asked: what each says, else what it wants."""
    actions = [{"type": "replan", "rationale": "too weak"}, {"type": "replan", "intent": "escalate"}]
    at_a: dict[str, Any] = {"selector": {"node": "a"}}
    run = Run(runtime=[{"id": f"d{n}", "trigger": at_a, "action": action} for n, action in enumerate(actions)])
    run.end("a", outputs={"copy": 1})
    [updated, *_] = answer(run, Delta.model_validate({"add": [{"id": "n", "capability": "note"}]}))
    assert isinstance(updated, ev.PlanUpdated)
    assert (updated.rationale, updated.triggers) == ("too weak; escalate", ("d0", "d1"))


@pytest.mark.parametrize("planned", [True, False])
def test_an_answer_of_the_wrong_kind(planned: bool) -> None:
    """A draft where a delta was asked for, or the other way round, is refused with what was wanted."""
    run = Run(runtime=[MANUAL], guardRails=RAILS) if planned else Run([{"id": "x", "capability": "none"}])
    if planned:
        run.give(cmd.TriggerPolicy, policy_id="m")
    given = Draft.model_validate({"nodes": [{"id": "a", "capability": "write"}]}) if planned else Delta()
    [rejected, *_] = answer(run, given)
    assert isinstance(rejected, ev.PlanRejected)
    [found] = rejected.diagnostics
    wanted = "a delta: {add, replace, remove}" if planned else "a draft: {nodes: [...]}"
    assert (found["code"], found["message"]) == ("wrong_answer", f"the planner was asked for {wanted}")
