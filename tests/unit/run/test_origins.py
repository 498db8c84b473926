"""What every event carries beside its own fields, and where each value came from (semantics 3, 4, 8)."""

from typing import Any

from tests.unit.run.run_cases import RUN, START, Run

from flexes.run import commands as cmd
from flexes.run import events as ev

AT_A: dict[str, Any] = {"selector": {"node": "a"}}
ASK: dict[str, Any] = {"id": "ask", "trigger": AT_A, "action": {"type": "hitl"}}


def test_every_event_knows_its_commit() -> None:
    """Events count up without gaps; each carries run, command, time, actor and the plan version that it met."""
    run = Run()
    assert [event.version for event in run.events] == list(range(1, len(run.events) + 1))
    assert {event.run_id for event in run.events} == {RUN}
    assert {event.at for event in run.events} == {START}
    assert [(event.kind, event.plan_version) for event in run.events] == [
        ("RunStarted", 0), ("PlanRequested", 0), ("PlanGenerated", 0), ("SignalEvaluated", 1), ("NodeStarted", 1),
    ]  # fmt: skip
    [paused] = run.events_of(cmd.PauseRun, "lead", reason="tea")
    assert (paused.actor, paused.plan_version) == ("lead", 1)
    commands = [event.command_id for event in run.events]
    assert commands == [commands[0]] * 2 + [commands[2]] * 3 + [commands[5]]


def test_an_edited_facet_is_the_reviewers() -> None:
    """A facet that a reviewer edited is written in the name of its attempt, by the reviewer; others by nobody."""
    run = Run(runtime=[ASK])
    run.end("a", outputs={"copy": 1})
    before = run.state.facets["copy"]
    [request] = run.state.open_requests
    run.give(cmd.ResolveHitl, "lead", request_id=request, decision="approve", edits={"copy": 2})
    after = run.state.facets["copy"]
    assert before is not None
    assert after is not None
    assert (before.value, before.node, before.attempt, before.by) == (1, "a", 1, None)
    assert (after.value, after.node, after.attempt, after.by) == (2, "a", 1, "lead")


def test_a_human_nodes_outputs_are_the_persons() -> None:
    """What a human node delivers is written by the person who approved."""
    run = Run([{"id": "a", "capability": "write"}, {"id": "s", "capability": "sign", "dependsOn": ["a"]}])
    run.end("a", outputs={"copy": 1})
    [request] = run.state.open_requests
    run.give(cmd.ResolveHitl, "lead", request_id=request, decision="approve", edits={"signature": "x"})
    written = run.state.facets["signature"]
    assert written is not None
    assert (written.value, written.node, written.attempt, written.by) == ("x", "s", 1, "lead")


def test_what_waits_is_stored_in_wire_names() -> None:
    """A deferred signal or action is stored in wire names, with what is not a default (the stored format)."""
    run = Run(runtime=[ASK, {**ASK, "id": "two", "action": {"type": "hitl", "approveAction": {"type": "pause"}}}])
    run.end("a", outputs={"copy": 1})
    one, two = run.state.open_requests
    run.give(cmd.ResolveHitl, "lead", request_id=two, decision="approve")
    identity = f"signal-{run.events[-3].version}"
    assert [event.item for event in run.events if isinstance(event, ev.SignalDeferred)] == [
        {"id": f"{identity}-action", "kind": "action", "requestId": two, "source": "hitl.approve"},
        {"id": f"{identity}-feedback", "kind": "feedback", "node": "a", "attempt": 1},
    ]
    assert run.state.open_requests == (one,)
