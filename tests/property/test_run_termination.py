"""Policies that always fire never run for ever: each combination ends, or rests, and says why."""

from itertools import combinations, product
from typing import Any

import pytest
from tests.property.run_laws import check_history
from tests.property.run_world import World
from tests.property.strategies_run import CATALOG, SEARCH

from flexes.plan.handshake import Draft
from flexes.plan.planner import plan_answer
from flexes.run import commands as cmd
from flexes.run.lifecycle import FINAL
from flexes.run.outstanding import planner_request

MAX_TURNS = 150
"""Turns after which a run counts as endless; the longest of these takes about a third."""
MAX_RESUMES = 4
"""An operator may resume for ever; this one gives up."""

THRESHOLDS: dict[str, dict[str, Any]] = {
    "quality": {"metric": "q", "min": 1.0, "onUnresolved": "continue"},
    "cost": {"capTotal": 0.0, "capPerNode": 0.0, "onUnresolved": "continue"},
    "latency": {"maxMs": 0.0, "onUnresolved": "hitl"},
    "retries": {"max": 3, "backoff": {"initialMs": 10.0}},
    "channels": {"channel": "web", "facet": "copy.text", "forbid": ["guaranteed"], "onUnresolved": "continue"},
    "escalation": {"when": {"$signal.kind": {"!=": "never"}}, "rationale": "always"},
}
ACTIONS: dict[str, dict[str, Any]] = {
    "goto": {"type": "goto", "next": "a", "maxAttempts": 3, "backoff": {"initialMs": 10.0}},
    "replan": {"type": "replan"},
    "hitl": {"type": "hitl", "approveAction": {"type": "replan"}, "rejectAction": {"type": "goto", "next": "a"}},
    "fail": {"type": "fail", "message": "enough"},
    "pause": {"type": "pause", "reason": "always"},
    "emit": {"type": "emit", "event": "again"},
}
DRAFT = Draft.model_validate(
    {
        "nodes": [
            {"id": "a", "capability": "write"},
            {"id": "b", "capability": "judge", "dependsOn": ["a"]},
            {"id": "c", "capability": "side"},
        ]
    }
)


def envelope_of(pair: tuple[str, str], on_complete: str, on_fail: str) -> dict[str, Any]:
    """Return a task on whose every signal these policies fire."""
    runtime = [
        {"id": "r0", "trigger": {"kind": "onNodeComplete"}, "action": ACTIONS[on_complete]},
        {"id": "r1", "trigger": {"kind": "onNodeFail"}, "action": ACTIONS[on_fail]},
    ]
    thresholds = {kind: [{"id": f"t-{kind}", **THRESHOLDS[kind]}] for kind in pair}
    return {
        "objective": "never good enough",
        "inputs": {"brief": {"text": "hello"}, "channel": "web"},
        "outputContract": {"mode": "freeform"},
        "policies": {"thresholds": thresholds, "runtime": runtime, "guardRails": {"onLimit": "continue"}},
    }


def worst(world: World, node: str) -> dict[str, Any]:
    """Return the worst that a node can come to without breaking its contract; `side` always fails."""
    measures = {"cost": 9.0, "latencyMs": 9000.0, "metrics": {"q": 0.0}}
    capability = world.state.capability_of(node)
    if capability.id == "side":
        return {"type": "failure", "error": "no", "retryable": True, **measures}
    value = {"text": "guaranteed", "score": 0.0}
    return {
        "type": "result",
        "outputs": dict.fromkeys(capability.outputs, value),
        "validation": {"ok": False},
        **measures,
    }


def turn(world: World, approve: bool) -> bool:
    """Do the next thing that the run waits for; return false when only an operator could move it."""
    state = world.state
    if state.handshake is not None:
        answer = DRAFT if state.plan is None else plan_answer(planner_request(state))
        world.send(cmd.AnswerPlanner(**world.common("planner"), request_id=state.handshake.request_id, answer=answer))
    elif node := next((name for name in state.in_plan_order(state.running) if state.kind_of(name) != "human"), None):
        fields = {"node_id": node, "attempt": state.nodes[node].attempt, "outcome": worst(world, node)}
        world.send(cmd.RecordOutcome.model_validate({**world.common("driver"), **fields}))
    elif state.open_requests and not state.paused:
        decision = "approve" if approve else "reject"
        world.send(cmd.ResolveHitl(**world.common("lead"), request_id=state.open_requests[0], decision=decision))
    elif state.timers and not state.paused:
        world.wait_for_timer()
        world.fire_due()
    else:
        return False
    return True


def check_explained(world: World) -> None:
    """A run that ended or rests says why: code and message, or who is asked, or who paused it."""
    state, kinds = world.state, [event.kind for event in world.events]
    if state.status == "completed":
        return
    if state.status in FINAL:
        assert state.ending is not None
        assert state.ending.code
        assert state.ending.message
        return
    assert state.status in ("paused", "awaiting_hitl")
    assert "Paused" in kinds or state.open_requests


@pytest.mark.parametrize("pair", list(combinations(THRESHOLDS, 2)), ids="-".join)
def test_always_firing_policies_end(pair: tuple[str, str]) -> None:
    """Two thresholds and two directives that always fire end in an explained terminal or resting state within a bounded
    number of commits, whatever the human says.
    """
    for place, (on_complete, on_fail, approve) in enumerate(product(ACTIONS, ACTIONS, (True, False))):
        if not SEARCH and (place // 2 + place) % 2:
            continue  # the gate takes one of the two humans, in turn
        world = World(envelope_of(pair, on_complete, on_fail), CATALOG, checked=False)
        resumes = 0
        for _ in range(MAX_TURNS):
            if world.state.is_final:
                break
            if not turn(world, approve):
                if resumes == MAX_RESUMES or not world.state.paused:
                    break
                resumes += 1
                world.send(cmd.ResumeRun(**world.common("operator")))
        else:
            raise AssertionError(f"{pair} with {on_complete} and {on_fail} goes on and on: {world.state.status}")
        check_explained(world)
        check_history(world.state, world.events)
