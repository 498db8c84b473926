"""What the fold keeps of the past: plan versions, commands, removed nodes, failures (semantics 9, 10)."""

from typing import Any

from tests.unit.run.run_cases import Run

from flexes.plan.handshake import Delta
from flexes.plan.plan import Origin
from flexes.run import commands as cmd
from flexes.run.records import CommandSeen, PlanVersion

MANUAL: dict[str, Any] = {"id": "m", "trigger": {"kind": "manual"}, "action": {"type": "replan", "rationale": "better"}}
NOTE = {"id": "n", "capability": "note", "dependsOn": ["a"]}
WRITE = {"id": "a", "capability": "write"}


def replan(run: Run, **delta: Any) -> None:
    """Ask for a replan by hand, and let the planner answer."""
    run.give(cmd.TriggerPolicy, policy_id="m")
    assert run.state.handshake is not None
    given = Delta.model_validate(delta)
    run.give(cmd.AnswerPlanner, request_id=run.state.handshake.request_id, answer=given)


def test_every_version_says_what_it_was_for() -> None:
    """The run knows each plan version with its rationale and triggers; each node the version that put it there."""
    run = Run([WRITE], runtime=[MANUAL])
    replan(run, add=[NOTE], rationale="a note")
    assert run.state.plan_versions == (PlanVersion(1, (), ""), PlanVersion(2, ("m",), "a note"))
    assert run.state.node_of("a").origin == Origin(version=1, rationale="")
    assert run.state.node_of("n").origin == Origin(version=2, rationale="a note", directives=("m",))


def test_an_accepted_plan_ends_the_handshake() -> None:
    """After an answer that was accepted nothing is asked any more, and what was removed is waited for no longer."""
    run = Run([WRITE, {"id": "x", "capability": "slow", "dependsOn": ["a"]}], runtime=[MANUAL])
    replan(run, remove=["x"])
    assert (run.state.handshake, run.state.phase, run.state.plan_version) == (None, "running", 2)
    assert (list(run.state.nodes), list(run.state.removed), run.state.timers) == (["a"], ["x"], ())


def test_a_node_that_comes_back_goes_on_counting() -> None:
    """A node that an earlier version removed comes back with its attempts counted on, so that no id is used twice."""
    goto = {"id": "g", "trigger": {"kind": "onNodeFail"}, "action": {"type": "replan"}}
    run = Run([WRITE, {"id": "n", "capability": "note"}], runtime=[MANUAL, goto])
    run.end("n", error="e")
    assert run.state.handshake is not None
    removed = Delta.model_validate({"remove": ["n"]})
    run.give(cmd.AnswerPlanner, request_id=run.state.handshake.request_id, answer=removed)
    assert run.state.removed["n"].state.attempt == 1
    replan(run, add=[{"id": "n", "capability": "slow"}])
    assert (run.state.nodes["n"].status, run.state.nodes["n"].attempt) == ("running", 2)


def test_commands_that_may_come_again_are_remembered() -> None:
    """Where the commit of a caller's command lies is kept, so that its key gets the same answer; no other is kept."""
    run = Run([WRITE, {"id": "n", "capability": "note"}])
    first, *_, last = run.events
    assert dict(run.state.commands) == {first.command_id: CommandSeen(1, 2)}
    assert last.version == 6
    run.end("n")
    [paused] = run.events_of(cmd.PauseRun, "lead")
    [resumed] = run.events_of(cmd.ResumeRun, "lead")
    assert dict(run.state.commands) == {
        first.command_id: CommandSeen(1, 2),
        paused.command_id: CommandSeen(paused.version, paused.version),
        resumed.command_id: CommandSeen(resumed.version, resumed.version),
    }


def test_a_run_knows_its_correlation() -> None:
    """The caller's correlation id and inputs are known from the first event on."""
    run = Run(more={"metadata": {"correlationId": "c-1"}})
    assert run.state.correlation_id == "c-1"
    written = run.state.facets["brief"]
    assert written is not None
    assert (written.value, written.node, written.attempt, written.plan_version) == ("b", None, 0, 0)


def test_a_failure_keeps_its_measures() -> None:
    """A failed node keeps what it measured and cost, and what was wrong with it."""
    run = Run(runtime=[{"id": "ask", "trigger": {"kind": "onNodeFail"}, "action": {"type": "hitl"}}])
    run.end("a", outputs={}, cost=3.0, metrics={"q": 1.0}, validation={"ok": False, "issues": ["i"]})
    node = run.state.nodes["a"]
    assert (node.status, node.cost, node.metrics) == ("failed", 3.0, {"q": 1.0})
    assert node.validation == {"ok": False, "issues": ["i"]}
    assert (node.error_code, node.retryable, node.hold) == ("output_invalid", False, "rerun")
    assert run.state.cost_total == 3.0
