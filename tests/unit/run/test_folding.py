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


def test_a_replan_beside_a_backoff_waits_for_it() -> None:
    """A node that waits to run again still waits after a goto or a replan elsewhere, and is counted once."""
    goto = {"type": "goto", "backoff": {"initialMs": 1000.0}}
    policies = [
        {"id": "later", "trigger": {"kind": "onNodeFail", "selector": {"node": "b"}}, "action": goto},
        {"id": "redo", "trigger": {"selector": {"node": "n"}}, "action": {"type": "goto", "next": "a"}},
    ]
    judge = {"id": "b", "capability": "judge", "dependsOn": ["a"]}
    run = Run([WRITE, judge, {"id": "n", "capability": "note"}], runtime=[*policies, MANUAL])
    run.end("a", outputs={"copy": 1})
    run.end("b", error="e")
    assert run.state.backing_off == 1
    run.end("n")
    assert (run.state.backing_off, run.state.nodes["a"].attempt) == (1, 2)
    replan(run, add=[{**NOTE, "id": "m"}])
    assert (run.state.backing_off, [timer.id for timer in run.state.timers]) == (1, ["backoff:b:1"])
    run.after_ms = 2000.0
    run.give(cmd.FireTimer, timer_id="backoff:b:1")
    assert run.state.backing_off == 0


def test_a_failure_that_a_delta_leaves_is_nobodys() -> None:
    """A failed node whose intent the planner leaves unanswered is kept no longer: the run fails, and says why."""
    ask = {"id": "r", "trigger": {"kind": "onNodeFail"}, "action": {"type": "replan"}}
    run = Run([WRITE], runtime=[ask], guardRails={"onLimit": "continue"})
    run.end("a", error="boom")
    assert run.state.handshake is not None
    left = {"add": [{"id": "n", "capability": "note"}], "unanswered": [{"directive": "r", "reason": "no idea"}]}
    run.give(cmd.AnswerPlanner, request_id=run.state.handshake.request_id, answer=Delta.model_validate(left))
    assert run.state.ending is not None
    assert (run.state.ending.code, run.state.ending.node_id) == ("node_failed", "a")
    assert run.state.ending.message is not None
    assert "no idea" in run.state.ending.message


def test_a_replaced_node_is_told_of_the_attempt_before() -> None:
    """A failed node that a delta gives another capability runs again, with what failed and that a replan did it."""
    ask = {"id": "r", "trigger": {"kind": "onNodeFail"}, "action": {"type": "replan"}}
    run = Run([WRITE, {"id": "n", "capability": "note"}], runtime=[ask])
    run.end("n", error="boom")
    assert run.state.handshake is not None
    delta = Delta.model_validate({"replace": [{"id": "n", "capability": "slow"}]})
    run.give(cmd.AnswerPlanner, request_id=run.state.handshake.request_id, answer=delta)
    previous = run.state.nodes["n"].previous
    assert previous is not None
    assert (previous["attempt"], previous["error"], previous["cause"]) == (1, "boom", {"action": "replan"})


def test_a_node_that_is_taken_away_is_waited_for_no_longer() -> None:
    """A running node that ran over its time may be removed: its timers go, and its late result counts once, as cost."""
    trigger = {"kind": "onTimeout", "ms": 100.0, "selector": {"node": "x"}}
    late = {"id": "l", "trigger": trigger, "action": {"type": "replan"}}
    run = Run([WRITE, {"id": "x", "capability": "slow"}], runtime=[late])
    run.after_ms = 100.0
    run.give(cmd.FireTimer, timer_id="directive:l:x:1")
    assert run.state.handshake is not None
    delta = Delta.model_validate({"remove": ["x"]})
    run.give(cmd.AnswerPlanner, request_id=run.state.handshake.request_id, answer=delta)
    assert run.state.timers == ()
    result = cmd.Result(cost=1.0)
    assert run.give(cmd.RecordOutcome, node_id="x", attempt=1, outcome=result) == ["NodeSuperseded"]
    assert run.give(cmd.RecordOutcome, node_id="x", attempt=1, outcome=result) == []
    assert run.state.cost_total == 1.0


def test_a_pause_by_a_policy_is_no_callers_command() -> None:
    """Only commands that callers give under a key are remembered, not those in whose commit the same events come."""
    stop = {"id": "stop", "trigger": {"selector": {"node": "a"}}, "action": {"type": "pause"}}
    run = Run([WRITE, {"id": "n", "capability": "note"}], runtime=[stop])
    before = dict(run.state.commands)
    run.end("a", outputs={"copy": 1})
    assert run.state.paused
    assert dict(run.state.commands) == before


def test_a_failure_that_a_reviewer_mends_is_forgotten() -> None:
    """A failed node whose outputs a reviewer supplies is completed, by the reviewer, without a trace of the failure."""
    ask = {"id": "ask", "trigger": {"kind": "onNodeFail"}, "action": {"type": "hitl"}}
    run = Run([WRITE, {"id": "n", "capability": "note"}], runtime=[ask])
    run.end("a", error="boom", retryable=True)
    [request] = run.state.open_requests
    run.give(cmd.ResolveHitl, "lead", request_id=request, decision="approve", edits={"copy": 1})
    node = run.state.nodes["a"]
    assert (node.status, node.error, node.error_code, node.retryable, node.hold) == (
        "completed",
        None,
        None,
        False,
        None,
    )
    assert dict(run.state.failed) == {}
