"""What the stored facts about attempts carry: whole, under one operation id, in wire names (semantics 3, 4)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import CHAIN, Run

from flexes.errors import NodeNotFound
from flexes.run import commands as cmd
from flexes.run import events as ev

NOTE = {"id": "n", "capability": "note"}
GOTO: dict[str, Any] = {"type": "goto", "next": "a"}


def of_kind(run: Run, kind: type[Any]) -> list[Any]:
    """Return the events of one type so far."""
    return [event for event in run.events if isinstance(event, kind)]


@pytest.mark.parametrize("outcome", [{"outputs": {"copy": 1}}, {"error": "e"}, {"outputs": {}}])
def test_an_attempt_keeps_its_operation_id(outcome: dict[str, Any]) -> None:
    """What an attempt came to carries the operation id under which it was invoked."""
    run = Run()
    [started] = of_kind(run, ev.NodeStarted)
    [ended, *_] = run.end("a", **outcome)
    assert isinstance(ended, (ev.NodeCompleted, ev.NodeFailed))
    assert (ended.operation_id, ended.node_id, ended.attempt) == (started.operation_id, "a", 1)


def test_every_fault_of_an_output_is_kept() -> None:
    """All that is wrong with an output is stored; the error tells the first three; it is not worth a retry."""
    run = Run()
    run.end("a", outputs={"copy": 1})
    [failed, *_] = run.end("b", outputs={"w": 1, "x": 1, "review": {}, "y": 1})
    assert isinstance(failed, ev.NodeFailed)
    assert [issue["facet"] for issue in failed.issues] == ["w", "x", "review", "y"]
    assert failed.error.startswith(
        "the output breaks its contract: w: not declared by judge; x: not declared by judge; review/score: "
    )
    assert "y:" not in failed.error
    assert failed.retryable is False


def test_a_late_result_is_stored_as_it_came() -> None:
    """A result of an attempt that was reset is kept in wire names, with what was given and nothing else."""
    again = {"id": "again", "trigger": {"selector": {"node": "n"}}, "action": GOTO}
    run = Run((*CHAIN, NOTE), runtime=[again])
    run.end("n")
    late = cmd.Result(outputs={"copy": "late"}, latency_ms=5.0)
    [superseded] = run.events_of(cmd.RecordOutcome, node_id="a", attempt=1, outcome=late)
    assert isinstance(superseded, ev.NodeSuperseded)
    assert superseded.outcome == {"type": "result", "outputs": {"copy": "late"}, "metrics": {}, "latencyMs": 5.0}
    assert superseded.cost == 2.0


def test_a_refused_outcome_names_the_attempt() -> None:
    """An outcome of what never started is refused with the node and the attempt."""
    with pytest.raises(NodeNotFound) as caught:
        Run().give(cmd.RecordOutcome, node_id="a", attempt=2, outcome=cmd.Result())
    assert str(caught.value) == "attempt 2 of node a never started"
    assert caught.value.facts == {"node_id": "a", "attempt": 2}


def test_a_goto_tells_where_it_went() -> None:
    """A goto's details name the node that it found, and the reset names whose directive did it and why."""
    again = {"id": "again", "trigger": {"selector": {"node": "b"}}, "when": "$node.attempt = 1"}
    run = Run(runtime=[{**again, "action": {"type": "goto", "next": {"kind": "execution"}}}])
    run.end("a", outputs={"copy": 1})
    run.end("b", outputs={"review": {"score": 1}})
    [triggered] = of_kind(run, ev.PolicyTriggered)
    assert triggered.action_details["target"] == "a"
    assert (triggered.node_id, triggered.capability_id, triggered.trigger_kind) == ("b", "judge", "onNodeComplete")
    assert (triggered.attempt, triggered.max_attempts) == (1, 1)
    assert triggered.predicate == {"expression": "$node.attempt = 1", "outcome": "matched"}
    [reset] = of_kind(run, ev.NodesReset)
    assert (reset.target, reset.nodes) == ("a", (("a", 1), ("b", 1)))
    told = {"policyId": "again", "action": "goto", "source": "runtime", "node": "b", "reason": "$node.attempt = 1"}
    assert reset.cause == told


@pytest.mark.parametrize(("initial_ms", "waits"), [(0.0, False), (0.001, True), (1.0, True)])
def test_a_backoff_of_nothing_is_none(initial_ms: float, waits: bool) -> None:
    """A backoff of no time starts the re-run at once; any other waits, however short it is."""
    goto = {"type": "goto", "backoff": {"initialMs": initial_ms}}
    run = Run(runtime=[{"id": "again", "trigger": {"kind": "onNodeFail"}, "action": goto}])
    run.end("a", error="e")
    [reset] = of_kind(run, ev.NodesReset)
    assert (reset.not_before_at is not None) is waits
    assert len(of_kind(run, ev.NodeStarted)) == (1 if waits else 2)


@pytest.mark.parametrize(("given", "message"), [("too weak", "too weak"), (None, "failed by policy stop")])
def test_a_fail_says_what_and_whose(given: str | None, message: str) -> None:
    """The end of a run by a directive names the directive, its action, its node and its message."""
    stop = {"id": "stop", "trigger": {"selector": {"node": "a"}}, "action": {"type": "fail", "message": given}}
    run = Run(runtime=[stop])
    run.end("a", outputs={"copy": 1})
    [failed] = of_kind(run, ev.Failed)
    assert (failed.code, failed.message, failed.policy_id) == ("policy_failed", message, "stop")
    assert (failed.action, failed.node_id) == ("fail", "a")


@pytest.mark.parametrize(("cooldown_ms", "outcome"), [(0.0, "matched"), (1.0, "cooling_down")])
def test_any_cooldown_counts(cooldown_ms: float, outcome: str) -> None:
    """A directive with a cooldown, however short, does not act twice at one instant; one without does."""
    emit = {"type": "emit", "event": "e"}
    run = Run(
        [{"id": "a", "capability": "write"}, NOTE], runtime=[{"id": "e", "action": emit, "cooldownMs": cooldown_ms}]
    )
    run.end("a", outputs={"copy": 1})
    run.end("n")
    assert of_kind(run, ev.SignalEvaluated)[-1].outcomes[0][1] == outcome
