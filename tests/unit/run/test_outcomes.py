"""What an attempt came to: checked, recorded once, measured (semantics 4)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import CHAIN, Run

from flexes.errors import NodeNotFound
from flexes.run import commands as cmd
from flexes.run import events as ev

REVIEW = {"review": {"score": 1}}


def failed(events: tuple[ev.Event, ...]) -> ev.NodeFailed:
    """Return the failure that the events begin with."""
    assert isinstance(events[0], ev.NodeFailed)
    return events[0]


@pytest.mark.parametrize(
    ("outputs", "facet", "pointer"),
    [
        ({}, "review", ""),
        ({"review": {"score": 1}, "more": 1}, "more", ""),
        ({"review": {}}, "review", "/score"),
        ({"review": 5}, "review", ""),
    ],
)
def test_outputs_that_break_their_contract(outputs: dict[str, Any], facet: str, pointer: str) -> None:
    """A lacking, an undeclared or a malformed facet is output_invalid, kept whole, not merged; one signal for both
    onNodeFail and onValidationFail.
    """
    heard = [
        {"id": kind, "trigger": {"kind": kind}, "action": {"type": "emit", "event": kind}}
        for kind in ("onNodeFail", "onValidationFail", "onNodeComplete")
    ]
    run = Run(runtime=heard)
    run.end("a", outputs={"copy": 1})
    events = run.end("b", outputs=outputs, cost=3.0, metrics={"q": 0.5})
    found = failed(events)
    assert (found.code, found.outputs, found.cost, found.metrics) == ("output_invalid", outputs, 3.0, {"q": 0.5})
    assert (found.issues[0]["facet"], found.issues[0]["pointer"]) == (facet, pointer)
    assert "review" not in run.state.visible_facets()
    evaluated = [event for event in events if isinstance(event, ev.SignalEvaluated)]
    assert len(evaluated) == 1
    assert sorted(name for name, _, _ in evaluated[0].outcomes) == ["onNodeFail", "onValidationFail"]


def test_measures_that_nobody_reported() -> None:
    """Cost and latency that nobody reported are the estimates, and say so."""
    run = Run()
    [first, *_] = run.end("a", outputs={"copy": 1})
    assert isinstance(first, ev.NodeCompleted)
    assert (first.cost, first.cost_estimated, first.latency_ms, first.latency_estimated) == (2.0, True, 700.0, True)
    [second, *_] = run.end("b", outputs=REVIEW, cost=0.0, latency_ms=0.0)
    assert isinstance(second, ev.NodeCompleted)
    assert (second.cost, second.cost_estimated, second.latency_ms, second.latency_estimated) == (0.0, False, 0.0, False)


def test_an_outcome_is_recorded_once() -> None:
    """The first outcome of an attempt counts; the same or another one again appends nothing."""
    run = Run()
    run.end("a", outputs={"copy": 1})
    before = run.state
    outcome = cmd.Result(outputs={"copy": 2})
    assert run.give(cmd.RecordOutcome, node_id="a", attempt=1, outcome=outcome) == []
    assert run.give(cmd.RecordOutcome, node_id="a", attempt=1, outcome=cmd.Failure(error="no")) == []
    assert run.state == before


@pytest.mark.parametrize(("node", "attempt"), [("a", 2), ("a", 0), ("b", 1), ("nobody", 1)])
def test_an_attempt_that_never_started(node: str, attempt: int) -> None:
    """An outcome of what never started is refused."""
    run = Run()
    with pytest.raises(NodeNotFound):
        run.give(cmd.RecordOutcome, node_id=node, attempt=attempt, outcome=cmd.Result())


def test_a_late_outcome_counts_only_its_cost() -> None:
    """A result of an attempt that was reset is NodeSuperseded, whole, with its cost (semantics 3)."""
    goto = {"id": "again", "trigger": {"kind": "onNodeComplete", "selector": {"node": "n"}}}
    nodes = (*CHAIN, {"id": "n", "capability": "note"})
    run = Run(nodes, runtime=[{**goto, "action": {"type": "goto", "next": "a"}}])
    run.end("n")
    assert run.state.nodes["a"].attempt == 2
    before = run.state
    result = cmd.Result(outputs={"copy": "late"}, cost=7.0)
    [superseded] = run.events_of(cmd.RecordOutcome, node_id="a", attempt=1, outcome=result)
    assert isinstance(superseded, ev.NodeSuperseded)
    assert superseded.outcome["outputs"] == {"copy": "late"}
    assert run.state.cost_total == before.cost_total + 7.0
    assert run.state.visible_facets() == before.visible_facets()
    assert run.give(cmd.RecordOutcome, node_id="a", attempt=1, outcome=result) == []


def test_a_re_run_knows_the_attempt_before() -> None:
    """A re-run gets `previous` with attempt, inputs, outputs, metrics and cause (semantics 8)."""
    goto = {"type": "goto", "maxAttempts": 1}
    run = Run(runtime=[{"id": "again", "trigger": {"selector": {"node": "a"}}, "action": goto}])
    run.end("a", outputs={"copy": 1}, metrics={"q": 0.5})
    previous = run.state.nodes["a"].previous
    assert previous is not None
    assert previous["attempt"] == 1
    assert previous["inputs"] == {"brief": "b"}
    assert previous["outputs"] == {"copy": 1}
    assert previous["metrics"] == {"q": 0.5}
    assert previous["cause"]["policyId"] == "again"


@pytest.mark.parametrize(("ok", "heard"), [(True, []), (False, ["check"])])
def test_a_judgement_on_oneself(ok: bool, heard: list[str]) -> None:
    """A completed node with validation.ok false matches onValidationFail too, and with no directive the run goes on."""
    check = {"id": "check", "trigger": {"kind": "onValidationFail"}, "action": {"type": "emit", "event": "e"}}
    run = Run(runtime=[check])
    events = run.end("a", outputs={"copy": 1}, validation={"ok": ok, "issues": ["i"]})
    [evaluated] = [event for event in events if isinstance(event, ev.SignalEvaluated)]
    assert [name for name, _, _ in evaluated.outcomes] == heard
    assert run.state.nodes["a"].status == "completed"
    assert run.state.status == "running"


def test_a_failure_that_nobody_handles() -> None:
    """A failure on which no directive acted fails the run, and names the node (semantics 4)."""
    run = Run()
    events = run.end("a", error="boom")
    assert [event.kind for event in events] == ["NodeFailed", "SignalEvaluated", "Failed"]
    assert run.state.ending is not None
    assert (run.state.ending.code, run.state.ending.node_id) == ("node_failed", "a")
    assert "boom" in (run.state.ending.message or "")
