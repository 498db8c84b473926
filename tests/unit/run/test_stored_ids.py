"""Ids that a run derives: the same in every release, for they are stored, and queues and people answer to them."""

from typing import Any

import pytest
from tests.unit.run.run_cases import RUN, Run

from flexes.ids import Instant, ms_between
from flexes.run import commands as cmd
from flexes.run import events as ev
from flexes.run.outstanding import outstanding

HUMAN = ({"id": "a", "capability": "write"}, {"id": "h", "capability": "ask", "dependsOn": ["a"]})
AT_ONE: dict[str, Any] = {"selector": {"node": "a"}}


def asked(run: Run) -> list[str]:
    """Return the ids of the human requests so far."""
    return [event.request_id for event in run.events if isinstance(event, ev.HitlRequested)]


def test_of_invocations_and_planner_requests() -> None:
    """An operation id comes from run, node and attempt; a planner request's from run, handshake and attempt."""
    run = Run(runtime=[{"id": "again", "trigger": {"kind": "onNodeFail"}, "action": {"type": "goto"}}])
    run.end("a", error="first")
    assert RUN == "f1d65b3c-5abf-5c23-af8e-bcf7fde568c5"
    assert [event.request_id for event in run.events if isinstance(event, ev.PlanRequested)] == [
        "6ec69720-a18c-5e83-98c3-da98a4efd498"
    ]
    assert [event.operation_id for event in run.events if isinstance(event, ev.NodeStarted)] == [
        "cf36a9b6-0696-5df6-9c6e-dc40dceaeb06",
        "29404804-ad0f-5b6c-a7e1-49d336f2af40",
    ]


@pytest.mark.parametrize(
    ("trigger", "request_id"),
    [(AT_ONE, "a8c4de4d-11ac-5566-b7c7-887281ab6ab6"), ({"kind": "manual"}, "38533642-44ef-5447-a53c-9a728ba06514")],
)
def test_of_requests_by_directives(trigger: dict[str, Any], request_id: str) -> None:
    """A request's id comes from run, directive, action path, node and attempt; without a node from the signal's id."""
    run = Run(runtime=[{"id": "ask", "trigger": trigger, "action": {"type": "hitl"}}])
    run.end("a", outputs={"copy": 1})
    if trigger is not AT_ONE:
        run.give(cmd.TriggerPolicy, policy_id="ask")
    assert asked(run) == [request_id]


def test_of_requests_by_human_nodes() -> None:
    """A human node's question has an id of run, node and attempt, and says what is wanted."""
    run = Run(HUMAN)
    run.end("a", outputs={"copy": 1})
    [effect, _] = outstanding(run.state)
    assert asked(run) == ["88f8a746-84fd-505d-b6b1-64cd3f5b5679"]
    assert effect == ("88f8a746-84fd-505d-b6b1-64cd3f5b5679", "h", None, "ask is done by a human")


def test_of_backoff() -> None:
    """Jitter comes from run, directive and attempt: the same wait wherever it is worked out."""
    goto = {"type": "goto", "maxAttempts": 2, "backoff": {"initialMs": 1000.0}}
    run = Run(runtime=[{"id": "again", "trigger": {"kind": "onNodeFail"}, "action": goto}])
    waits = []
    for _ in range(2):
        [reset] = [event for event in run.end("a", error="e") if isinstance(event, ev.NodesReset)]
        assert reset.not_before_at is not None
        waits.append(ms_between(Instant(reset.at), Instant(reset.not_before_at)))
        run.after_ms += 5000.0
        run.give(cmd.FireTimer, timer_id=run.state.timers[0].id)
    assert waits == [1248.735, 2176.854]
