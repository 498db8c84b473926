"""Caps that hold whatever leads to them, and state that cannot be talked into a corner (semantics 5, 8, 9)."""

import pytest
from tests.unit.run.run_cases import RUN, Run

from flexes.ids import derived_id
from flexes.policy.signal import SignalEnvelope
from flexes.run import commands as cmd
from flexes.run import events as ev
from flexes.store.codec import encode
from flexes.store.memory import MemoryStore
from flexes.store.snapshots import restored, snapshot_of

QUALITY = {"quality": [{"id": "good", "metric": "q", "min": 0.9}]}
NOTE = {"id": "n", "capability": "note"}


def test_a_hitl_that_follows_a_tripped_rail_is_capped() -> None:
    """A human request that follows an exhausted replan counts against maxHitlRequests: above it the run fails."""
    run = Run(thresholds=QUALITY, guardRails={"maxReplans": 0, "maxHitlRequests": 0})
    events = run.end("a", outputs={"copy": 1}, metrics={"q": 0.1})
    assert not [event for event in events if isinstance(event, ev.HitlRequested)]
    assert run.state.ending is not None
    assert run.state.ending.code == "hitl_limit"


def test_a_tripped_rail_is_named_whatever_follows() -> None:
    """A tripped guard rail is an event that names the rail, also where the run just goes on (semantics 9)."""
    thresholds = {"latency": [{"id": "slow", "maxMs": 1.0}]}
    run = Run(thresholds=thresholds, guardRails={"maxReplans": 0})
    [tripped] = [event for event in run.end("a", outputs={"copy": 1}) if isinstance(event, ev.GuardRailTripped)]
    assert (tripped.rail, tripped.limit, tripped.policy_id) == ("maxReplans", 0, "slow")
    assert run.state.status == "running"


def test_one_request_for_one_attempt() -> None:
    """A directive asks once about one attempt, however many signals speak of it (semantics 8)."""
    policy = {
        "id": "low",
        "trigger": {"kind": "onMetricBelow", "metric": "s", "threshold": 0.5, "selector": {"node": "a"}},
        "action": {"type": "hitl"},
    }
    run = Run([*({"id": "a", "capability": "write"}, NOTE)], runtime=[policy])
    run.end("a", outputs={"copy": 1})
    signal = SignalEnvelope(metrics={"s": 0.1}, node="a")
    run.give(cmd.ReceiveSignal, signal=signal)
    [request] = run.state.open_requests
    run.give(cmd.ResolveHitl, "lead", request_id=request, decision="approve")
    events = run.events_of(cmd.ReceiveSignal, signal=signal)
    [evaluated] = [event for event in events if isinstance(event, ev.SignalEvaluated)]
    assert [outcome for _, outcome, _ in evaluated.outcomes] == ["exhausted"]
    assert run.state.requests[request].decision == "approve"


@pytest.mark.parametrize("limit", [1, 3])
def test_the_rewrite_cap_is_the_authors(limit: int) -> None:
    """A delta may rewrite a node as often as maxRewritesPerNode says, no more and no less (semantics 5)."""
    manual = {"id": "again", "trigger": {"kind": "manual"}, "action": {"type": "replan"}}
    rails = {"maxRewritesPerNode": limit, "maxReplans": 9, "maxReplansPerPolicy": 9, "maxPlannerAttempts": 1}
    run = Run(
        [*({"id": "a", "capability": "write"}, NOTE)], runtime=[manual], guardRails={**rails, "onLimit": "continue"}
    )
    run.end("a", outputs={"copy": 1})
    for number in range(1, limit + 2):
        run.give(cmd.TriggerPolicy, policy_id="again")
        assert run.state.handshake is not None
        before = f"a~rewrite{number - 1}" if number > 1 else "a"
        delta = {"add": [{"id": f"a~rewrite{number}", "capability": "write", "dependsOn": [before]}]}
        answer = cmd.AnswerPlanner.model_validate(
            {
                "run_id": RUN,
                "id": derived_id(RUN, number),
                "at": "x",
                "request_id": "r",
                "answer": {"type": "delta", **delta},
            }
        ).answer
        events = run.events_of(cmd.AnswerPlanner, request_id=run.state.handshake.request_id, answer=answer)
        assert events[0].kind == ("PlanUpdated" if number <= limit else "PlanRejected")
        if number <= limit:
            run.end(f"a~rewrite{number}", outputs={"copy": number})


def test_a_goto_to_a_node_that_waits_again() -> None:
    """A goto with backoff to a node that an earlier one reset leaves every counter right; the run ends."""
    again = {"type": "goto", "next": "b", "maxAttempts": 2, "backoff": {"initialMs": 10.0}}
    both = {"type": "goto", "next": "a", "maxAttempts": 1, "backoff": {"initialMs": 10.0}}
    run = Run(
        [*({"id": "a", "capability": "write"}, {"id": "b", "capability": "judge", "dependsOn": ["a"]}), NOTE],
        runtime=[
            {"id": "first", "trigger": {"selector": {"node": "b"}}, "action": both},
            {"id": "second", "trigger": {"selector": {"node": "n"}}, "action": again},
        ],
    )
    run.end("a", outputs={"copy": 1})
    run.end("b", outputs={"review": {"score": 1}})
    run.end("n")
    run.after_ms = 1000.0
    while run.state.timers:
        run.give(cmd.FireTimer, timer_id=run.state.timers[0].id)
    while not run.state.is_final:
        node = next(iter(run.state.running))
        run.end(node, outputs={"copy": 1} if node == "a" else {"review": {"score": 1}})
    assert run.state.status == "completed"
    assert run.state.backing_off == 0


def test_a_snapshot_of_a_dear_run() -> None:
    """A snapshot holds any cost that a run accepts (Amount, up to a million millions an invocation)."""
    run = Run()
    run.end("a", outputs={"copy": 1}, cost=1e12)
    store = MemoryStore()
    store.append([encode(event) for event in run.events])
    assert restored(snapshot_of(run.state), store) == run.state


def test_a_clock_that_is_set_back() -> None:
    """A decision by a process whose clock is behind is recorded like any other; nothing took less than no time."""
    run = Run([{"id": "a", "capability": "write"}, {"id": "h", "capability": "ask", "dependsOn": ["a"]}])
    run.after_ms = 9000.0
    run.end("a", outputs={"copy": 1})
    run.after_ms = 0.0
    [request] = run.state.open_requests
    run.give(cmd.ResolveHitl, "lead", request_id=request, decision="approve", edits={"approval": True})
    assert run.state.status == "completed"
    assert run.state.nodes["h"].latency_ms == 0
