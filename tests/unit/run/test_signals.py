"""What a signal speaks of, and what tests may read of it and of the run (semantics 5, 7)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import CHAIN, Run

from flexes.plan.handshake import Decline
from flexes.run import commands as cmd
from flexes.run import events as ev

NOTE = {"id": "n", "capability": "note"}
EMIT: dict[str, Any] = {"type": "emit", "event": "e"}
AT_A: dict[str, Any] = {"selector": {"node": "a"}}


def last(run: Run, kind: type[Any]) -> Any:
    """Return the last event of a type."""
    return [event for event in run.events if isinstance(event, kind)][-1]


def outcome(when: str, kind: str = "onNodeComplete", **result: Any) -> tuple[str, str | None]:
    """Return what becomes of one directive with this test when the first node ends 250 ms after the start."""
    node = {"id": "a", "capability": "write", "stage": "first"}
    run = Run([node, CHAIN[1]], runtime=[{"id": "d", "trigger": {"kind": kind, **AT_A}, "when": when, "action": EMIT}])
    run.after_ms = 250.0
    run.end("a", **(result or {"outputs": {"copy": 1}}))
    [(_, found, reason)] = last(run, ev.SignalEvaluated).outcomes
    return found, reason


@pytest.mark.parametrize(
    "when",
    ["$run.costTotal = 2", "$run.costProjected = 2.5", "$run.replans = 0", "$run.elapsedMs = 250", "$node.cost = 2",
     "$node.latencyMs = 700", "$node.attempt = 1", "$node.kind = \"execution\"", "$signal.kind = \"node_completed\"",
     "$node.id = \"a\"", "$node.capability = \"write\"", "$node.stage = \"first\"", "$signal.metrics.q = 0.5",
     "$signal.validation.ok = true"],
)  # fmt: skip
def test_a_test_reads_run_node_and_signal(when: str) -> None:
    """Costs, replans and time of the run, and what the node's attempt came to, can be read by a test."""
    result: dict[str, Any] = {"outputs": {"copy": 1}, "metrics": {"q": 0.5}, "validation": {"ok": True}}
    assert outcome(when, **result) == ("matched", None)


@pytest.mark.parametrize(
    "when", ["$signal.validation.ok = true", "$signal.retryable = true", "$signal.metrics.q = 0.5"]
)
def test_what_nobody_said_is_missing(when: str) -> None:
    """What an outcome does not tell is missing to a test, and so never makes it act."""
    assert outcome(when) == ("skipped", "missing")


def test_the_number_of_replans_can_be_read() -> None:
    """`$run.replans` counts the handshakes that were opened."""
    ask = {"id": "ask", "trigger": AT_A, "action": {"type": "replan"}}
    count = {"id": "d", "trigger": {"selector": {"node": "n"}}, "when": "$run.replans = 1", "action": EMIT}
    run = Run((*CHAIN, NOTE), runtime=[ask, count], guardRails={"onLimit": "continue"})
    run.end("a", outputs={"copy": 1})
    run.give(cmd.AnswerPlanner, request_id=last(run, ev.PlanRequested).request_id, answer=Decline(reason="no"))
    run.end("n")
    assert last(run, ev.SignalEvaluated).outcomes == (("d", "matched", None),)


@pytest.mark.parametrize(
    ("kind", "result", "found"),
    [
        ("onNodeComplete", {"outputs": {"copy": 1}}, "skipped"),
        ("onNodeFail", {"error": "e"}, "matched"),
        ("onNodeFail", {"outputs": {}}, "matched"),
        ("onNodeFail", {"error": "e", "retryable": True}, "skipped"),
    ],
)
def test_only_a_failure_is_retryable_or_not(kind: str, result: dict[str, Any], found: str) -> None:
    """A failure says whether it is worth a retry, an invalid output that it is not; a success says nothing of it."""
    assert outcome("$signal.retryable = false", kind, **result)[0] == found


@pytest.mark.parametrize(("node", "spoken_of"), [("a", "a"), ("n", "n"), ("b", None)])
def test_a_manual_trigger_speaks_of_a_node_that_started(node: str, spoken_of: str | None) -> None:
    """A directive that is fired by hand is about the newest started node of its selector, or about none."""
    manual = {"id": "m", "trigger": {"kind": "manual", "selector": {"node": node}}, "action": EMIT}
    run = Run((*CHAIN, NOTE), runtime=[manual])
    run.give(cmd.TriggerPolicy, policy_id="m")
    assert last(run, ev.PolicyTriggered).node_id == spoken_of
    assert last(run, ev.SignalEvaluated).node_id == spoken_of


@pytest.mark.parametrize(("ended", "found"), [(True, "matched"), (False, "target_missing")])
def test_a_named_target_of_no_node(ended: bool, found: str) -> None:
    """A replan of a signal without a node may name any completed node, and no other."""
    run = Run(runtime=[{"id": "m", "trigger": {"kind": "manual"}, "action": {"type": "replan", "target": "a"}}])
    if ended:
        run.end("a", outputs={"copy": 1})
    run.give(cmd.TriggerPolicy, policy_id="m")
    assert last(run, ev.SignalEvaluated).outcomes[0][1] == found


def test_a_failed_node_may_be_its_own_target() -> None:
    """A replan may name the very node that the signal is about, though it failed."""
    run = Run(runtime=[{"id": "r", "trigger": {"kind": "onNodeFail"}, "action": {"type": "replan", "target": "a"}}])
    run.end("a", error="e")
    [intent] = last(run, ev.PlanRequested).intents
    assert (intent["target"], intent["intent"]) == ("a", "fallback")


def test_a_judge_of_judges_looks_for_the_work() -> None:
    """Without a target, a rewrite is of the nearest completed execution ancestor, not of a judge in between."""
    again = {"id": "r", "trigger": {"selector": {"node": "c"}}, "action": {"type": "replan"}}
    run = Run((*CHAIN, {"id": "c", "capability": "judge", "dependsOn": ["b"]}), runtime=[again])
    run.end("a", outputs={"copy": 1})
    run.end("b", outputs={"review": {"score": 1}})
    run.end("c", outputs={"review": {"score": 2}})
    [intent] = last(run, ev.PlanRequested).intents
    assert (intent["node"], intent["target"]) == ("c", "a")


@pytest.mark.parametrize(("target", "found"), [("a", "matched"), ("n", "target_missing"), ("b", "target_missing")])
def test_a_named_target_is_upstream(target: str, found: str) -> None:
    """A replan may name the signal's node or a completed ancestor; another completed node is `target_missing`."""
    again = {"id": "r", "trigger": AT_A, "action": {"type": "replan", "target": target}}
    run = Run((*CHAIN, NOTE), runtime=[again])
    run.end("n")
    run.end("a", outputs={"copy": 1})
    assert last(run, ev.SignalEvaluated).outcomes[0][1] == found


def test_feedback_outlives_its_attempt() -> None:
    """A decision is still feedback when the action of another decision has undone the attempt that it was about."""
    again = {"type": "hitl", "approveAction": {"type": "goto", "next": "a"}}
    asking = [
        {"id": name, "trigger": AT_A, "action": action} for name, action in (("d", again), ("e", {"type": "hitl"}))
    ]
    run = Run(runtime=[*asking, {"id": "fed", "trigger": {"kind": "onHitlFeedback"}, "action": EMIT}])
    run.end("a", outputs={"copy": 1})
    for request in run.state.open_requests:
        run.give(cmd.ResolveHitl, "lead", request_id=request, decision="approve")
    assert run.state.nodes["a"].attempt == 2
    taken = [event for event in run.events if isinstance(event, ev.SignalTaken)]
    assert [event.dropped for event in taken] == [None, None, None]
    assert [event.policy_id for event in run.events if isinstance(event, ev.PolicyEmitted)] == ["fed", "fed"]


@pytest.mark.parametrize(("after_ms", "heard"), [(None, True), (5000.0, False)])
def test_a_time_limit_of_its_own_is_not_the_capabilitys(after_ms: float | None, heard: bool) -> None:
    """An onTimeout directive with `ms` hears its own timer; one without hears the capability's time limit."""
    late = {"id": "late", "trigger": {"kind": "onTimeout", "ms": after_ms, "selector": {"node": "h"}}, "action": EMIT}
    run = Run((CHAIN[0], {"id": "h", "capability": "ask", "dependsOn": ["a"]}), runtime=[late])
    run.end("a", outputs={"copy": 1})
    run.after_ms = 1000.0
    run.give(cmd.FireTimer, timer_id="deadline:h:1")
    assert [name for name, _, _ in last(run, ev.SignalEvaluated).outcomes] == (["late"] if heard else [])


@pytest.mark.parametrize("metric", ["q", "click rate"])
def test_any_name_is_a_metric(metric: str) -> None:
    """A threshold finds a reported metric by its name, also where that could not be the path of a facet."""
    run = Run(thresholds={"quality": [{"id": "good", "metric": metric, "min": 0.5, "target": "a"}]})
    run.end("a", outputs={"copy": 1}, metrics={metric: 0.4})
    assert last(run, ev.SignalEvaluated).outcomes == (("good", "matched", None),)
