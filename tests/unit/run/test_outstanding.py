"""What a run waits for, from its state alone (semantics 10)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.plan.handshake import Crashed, Decline, Delta, PlannerRequest
from flexes.run import commands as cmd
from flexes.run import events as ev
from flexes.run.effects import AskHuman, CallPlanner, InvokeCapability, WaitForTimer
from flexes.run.outstanding import outstanding

PEOPLE = (
    {"id": "a", "capability": "write"},
    {"id": "h", "capability": "ask", "dependsOn": ["a"]},
    {"id": "s", "capability": "sign", "dependsOn": ["a"]},
    {"id": "n", "capability": "note"},
)
AT_A: dict[str, Any] = {"selector": {"node": "a"}}


def test_everything_at_once() -> None:
    """Nodes in flight, questions to humans and timers are all waited for, in this order; humans are not invoked."""
    run = Run(PEOPLE)
    run.end("a", outputs={"copy": 1})
    node, *rest = outstanding(run.state)
    assert isinstance(node, InvokeCapability)
    [*_, started] = [event for event in run.events if isinstance(event, ev.NodeStarted) and event.node_id == "n"]
    assert node == (started.operation_id, "n", 1, "note", {"brief": "b"}, None, None)
    mine, theirs = run.state.open_requests
    assert rest == [
        AskHuman(mine, "h", None, "ask is done by a human"),
        AskHuman(theirs, "s", None, "sign is done by a human"),
        WaitForTimer("deadline:h:1", "2026-01-01T00:00:01.000000Z"),
    ]


def test_a_planner_and_the_work_beside_it() -> None:
    """While the planner is asked, what is in flight goes on; a finished run waits for nothing."""
    again = {"id": "r", "trigger": AT_A, "action": {"type": "replan", "rationale": "weak"}}
    run = Run((PEOPLE[0], PEOPLE[3]), runtime=[again], guardRails={"onLimit": "fail"})
    run.end("a", outputs={"copy": 1})
    planner, node = outstanding(run.state)
    assert isinstance(planner, CallPlanner)
    assert isinstance(node, InvokeCapability)
    assert (planner.request.attempt, planner.request.objective, planner.request.inputs) == (1, "o", {"brief": "b"})
    [intent] = planner.request.intents
    assert (intent.directive, intent.target, intent.rationale) == ("r", "a", "weak")
    run.give(cmd.AnswerPlanner, request_id=planner.request.request_id, answer=Decline(reason="no"))
    assert (run.state.status, outstanding(run.state)) == ("failed", ())


def test_a_question_of_a_directive() -> None:
    """A directive's question names the directive, the node and the rationale."""
    ask = {"id": "ask", "trigger": AT_A, "action": {"type": "hitl", "rationale": "legal", "timeoutMs": 10.0}}
    run = Run(runtime=[ask])
    run.end("a", outputs={"copy": 1})
    [request] = run.state.open_requests
    asked, timer = outstanding(run.state)
    assert asked == AskHuman(request, "a", "ask", "legal")
    assert isinstance(timer, WaitForTimer)
    assert timer.due_at == "2026-01-01T00:00:00.010000Z"


def test_a_re_run_gets_what_came_before() -> None:
    """The invocation of a re-run carries the undone attempt, with its error and why it was undone."""
    again = {"id": "g", "trigger": {"kind": "onNodeFail"}, "action": {"type": "goto"}}
    run = Run(runtime=[again])
    run.end("a", error="boom", metrics={"q": 0.5})
    [node] = outstanding(run.state)
    assert isinstance(node, InvokeCapability)
    cause = {"policyId": "g", "action": "goto", "source": "runtime", "node": "a"}
    assert node.previous == {
        "attempt": 1, "inputs": {"brief": "b"}, "outputs": {}, "metrics": {"q": 0.5}, "cause": cause, "error": "boom",
    }  # fmt: skip
    run.end("a", outputs={"copy": 1})
    [node] = outstanding(run.state)
    assert isinstance(node, InvokeCapability)
    assert (node.node_id, node.previous) == ("b", None)


def test_an_invocation_knows_its_time_limit() -> None:
    """The invocation of a capability with a time limit says until when it may run."""
    [node, _] = outstanding(Run([{"id": "x", "capability": "slow"}]).state)
    assert isinstance(node, InvokeCapability)
    assert node.deadline_at == "2026-01-01T00:00:00.500000Z"


def test_a_planner_is_told_everything() -> None:
    """A request carries the envelope, the faults of the last answer, what ran, what it cost and what was taken away."""
    more = {"constraints": {"tone": "dry"}, "specialInstructions": ["no puns"]}
    again = {"id": "m", "trigger": {"kind": "manual"}, "action": {"type": "replan"}}
    run = Run((PEOPLE[0], PEOPLE[3]), more=more, runtime=[again], guardRails={"maxPlannerAttempts": 2})
    run.end("a", outputs={"copy": 1})
    run.give(cmd.TriggerPolicy, policy_id="m")
    run.give(cmd.AnswerPlanner, request_id=_planner(run).request_id, answer=Crashed(reason="boom"))
    request = _planner(run)
    assert (request.constraints, request.special_instructions) == ({"tone": "dry"}, ("no puns",))
    assert (request.attempt, [found.code for found in request.diagnostics]) == (2, ["planner_error"])
    assert {name: (found.status, found.attempt) for name, found in request.progress.items()} == {
        "a": ("completed", 1),
        "n": ("running", 1),
    }
    assert (request.cost_spent, request.taken_away) == (2.0, ())


def test_a_planner_is_told_what_was_taken_away() -> None:
    """A later request names each node definition that an earlier delta removed, so that it is not put back."""
    again = {"id": "m", "trigger": {"kind": "manual"}, "action": {"type": "replan"}}
    run = Run((PEOPLE[0], {"id": "n", "capability": "note", "dependsOn": ["a"]}), runtime=[again])
    for delta in ({"remove": ["n"]}, {}):
        run.give(cmd.TriggerPolicy, policy_id="m")
        taken = _planner(run).taken_away
        answer = Delta.model_validate(delta)
        run.give(cmd.AnswerPlanner, request_id=_planner(run).request_id, answer=answer)
    assert len(taken) == 1


@pytest.mark.parametrize("outcome", [{"outputs": {"copy": 1}, "metrics": {"q": 0.5}}, {"error": "boom"}])
def test_a_copy_gets_the_work_that_it_does_again(outcome: dict[str, Any]) -> None:
    """A copy of a node is invoked with what the original was given and came to, and who wanted it again."""
    kind = "onNodeFail" if "error" in outcome else "onNodeComplete"
    run = Run([PEOPLE[0]], runtime=[{"id": "r", "trigger": {"kind": kind, **AT_A}, "action": {"type": "replan"}}])
    run.end("a", **outcome)
    copy = {"id": "a~rewrite1", "capability": "write", "copyOf": "a"}
    gone = {"remove": ["a"]} if "error" in outcome else {}
    answer = Delta.model_validate({"add": [{**copy, "dependsOn": [] if gone else ["a"]}], **gone})
    run.give(cmd.AnswerPlanner, request_id=_planner(run).request_id, answer=answer)
    [node] = outstanding(run.state)
    assert isinstance(node, InvokeCapability)
    assert node.previous == {
        "attempt": 1,
        "inputs": {} if gone else {"brief": "b"},
        "outputs": outcome.get("outputs", {}),
        "metrics": outcome.get("metrics", {}),
        "cause": {"action": "replan", "directives": ["r"]},
        **({"error": "boom"} if gone else {}),
    }


def _planner(run: Run) -> PlannerRequest:
    [request] = [effect.request for effect in outstanding(run.state) if isinstance(effect, CallPlanner)]
    return request
