"""Human decisions: the first wins, a second is told who and when, and each side has its own way on (semantics 8)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.errors import AlreadyResolved, CommandRejected, InvalidEdits, InvalidRunState, RequestNotFound
from flexes.run import commands as cmd
from flexes.run import events as ev

AT_A: dict[str, Any] = {"selector": {"node": "a"}}
NOTE = {"id": "n", "capability": "note"}
NO_ROOM: dict[str, Any] = {"maxReplans": 0, "onLimit": "hitl"}


def asking(**action: Any) -> list[dict[str, Any]]:
    """Return a directive that asks a human after the first node."""
    return [{"id": "ask", "trigger": AT_A, "action": {"type": "hitl", **action}}]


def asked(run: Run) -> str:
    """Let the first node end, and return the id of the request that it led to."""
    run.end("a", outputs={"copy": 1})
    [request] = run.state.open_requests
    return request


def decide(run: Run, request: str, decision: str, **fields: Any) -> tuple[ev.Event, ...]:
    """Decide a request as the lead."""
    return run.events_of(cmd.ResolveHitl, "lead", request_id=request, decision=decision, **fields)


def refused(run: Run, request: str, **fields: Any) -> CommandRejected:
    """Return why a decision is refused; the run stays as it is."""
    before = run.state
    with pytest.raises(CommandRejected) as caught:
        decide(run, request, "approve", **fields)
    assert run.state == before
    return caught.value


@pytest.mark.parametrize("ended", [False, True])
def test_a_second_decision_is_told_of_the_first(ended: bool) -> None:
    """Who decides second is told who decided what, and when, also after the run has ended."""
    run = Run(runtime=asking())
    request = asked(run)
    run.after_ms = 5000.0
    decide(run, request, "reject" if ended else "approve")
    assert run.state.is_final is ended
    decision, at = ("reject" if ended else "approve"), "2026-01-01T00:00:05.000000Z"
    found = refused(run, request)
    assert isinstance(found, AlreadyResolved)
    assert found.facts == {"request_id": request, "decision": decision, "by": "lead", "at": at}
    assert str(found) == f"request {request} was decided ({decision}) by lead at {at}"


def test_a_decision_that_nobody_asked_for() -> None:
    """An unknown request is refused, with those that are open."""
    run = Run(runtime=asking())
    found = refused(run, "r")
    assert isinstance(found, RequestNotFound)
    assert (str(found), found.facts) == ("no request r; open requests: none", {"request_id": "r"})
    request = asked(run)
    assert str(refused(run, "r")) == f"no request r; open requests: {request}"


def test_a_decision_after_the_end() -> None:
    """A request that was open when the run ended cannot be decided any more."""
    run = Run(runtime=asking())
    request = asked(run)
    run.give(cmd.CancelRun)
    found = refused(run, request)
    assert isinstance(found, InvalidRunState)
    assert (str(found), found.facts) == ("the run is cancelled; nothing is left to decide", {"status": "cancelled"})


def test_edits_must_be_whole() -> None:
    """Edits are whole facets: one that breaks its schema is refused with its place, and nothing is decided."""
    run = Run(runtime=asking())
    request = asked(run)
    found = refused(run, request, edits={"review": {}})
    assert isinstance(found, InvalidEdits)
    assert found.facts == {"facet": "review", "pointer": "/score"}
    assert str(found).startswith("/edits/review/score: ")
    human = Run([{"id": "a", "capability": "write"}, {"id": "h", "capability": "ask", "dependsOn": ["a"]}])
    found = refused(human, asked(human))
    assert isinstance(found, InvalidEdits)
    assert found.facts == {"facet": "approval"}
    assert str(found) == "/edits: node h delivers approval; add it to the edits"


@pytest.mark.parametrize(
    ("side", "decision", "status"), [("approveAction", "approve", "running"), ("rejectAction", "reject", "failed")]
)
def test_a_goto_that_cannot_be(side: str, decision: str, status: str) -> None:
    """An exhausted goto of an approval goes on; one of a reject fails the run, for the gate stays shut."""
    run = Run(runtime=asking(**{side: {"type": "goto", "maxAttempts": 0}}))
    events = decide(run, asked(run), decision)
    [judged] = [event for event in events if isinstance(event, ev.SignalEvaluated) and event.signal_kind == "action"]
    assert judged.outcomes == (("ask", "exhausted", "maxAttempts 0 used"),)
    assert run.state.status == status
    if run.state.ending is not None:
        message = "rejected by lead and cannot be done again: maxAttempts 0 used"
        assert (run.state.ending.message, run.state.ending.policy_id) == (message, "ask")


@pytest.mark.parametrize(("side", "decision"), [("approveAction", "approve"), ("rejectAction", "reject")])
def test_an_action_has_its_follow_up(side: str, decision: str) -> None:
    """What follows an exhausted action of a decision acts, whichever side it is of, under a path of its own."""
    run = Run(runtime=asking(**{side: {"type": "replan"}}), guardRails=NO_ROOM)
    events = decide(run, asked(run), decision)
    [again] = [event for event in events if isinstance(event, ev.HitlRequested)]
    assert again.action_path == f"action/{side}/onUnresolved"
    [tripped] = [event for event in events if isinstance(event, ev.GuardRailTripped)]
    assert (tripped.rail, tripped.policy_id, tripped.node_id, tripped.follow_up) == ("maxReplans", "ask", "a", "hitl")


def test_a_decision_ends_its_time_limit() -> None:
    """A request keeps what was asked, until when, and what was decided; its timer goes with the decision."""
    run = Run(runtime=asking(rationale="legal", timeoutMs=1000.0, onTimeout={"type": "fail"}))
    request = asked(run)
    kept = run.state.requests[request]
    assert (kept.rationale, kept.due_at, kept.attempt) == ("legal", "2026-01-01T00:00:01.000000Z", 1)
    assert [timer.request for timer in run.state.timers] == [request]
    run.after_ms = 500.0
    decide(run, request, "approve", note="fine")
    kept = run.state.requests[request]
    assert (kept.decision, kept.by, kept.note) == ("approve", "lead", "fine")
    assert kept.decided_at == "2026-01-01T00:00:00.500000Z"
    run.after_ms = 1000.0
    assert run.state.timers == ()
    assert run.give(cmd.FireTimer, timer_id=f"hitl:{request}") == []


@pytest.mark.parametrize(("note", "message"), [("too loud", "too loud"), (None, "rejected by lead")])
def test_a_plain_reject_fails_the_run(note: str | None, message: str) -> None:
    """A reject without an action fails the run with the reviewer's note, or with who rejected."""
    run = Run(runtime=asking())
    decide(run, asked(run), "reject", note=note)
    assert run.state.ending is not None
    assert (run.state.ending.code, run.state.ending.message) == ("hitl_rejected", message)


@pytest.mark.parametrize(("outcome", "intent"), [({"outputs": {"copy": 1}}, "rewrite"), ({"error": "e"}, "fallback")])
def test_what_a_decision_asks_for_depends_on_the_node(outcome: dict[str, Any], intent: str) -> None:
    """A replan after an approval wants a fallback for a failed node, and a rewrite of a completed one."""
    action = {"type": "hitl", "approveAction": {"type": "replan"}}
    heard = {"kind": "onNodeFail" if "error" in outcome else "onNodeComplete", **AT_A}
    run = Run(runtime=[{"id": "ask", "trigger": heard, "action": action}])
    run.end("a", **outcome)
    [request] = run.state.open_requests
    events = decide(run, request, "approve")
    [asked_for] = [event.intents for event in events if isinstance(event, ev.PlanRequested)]
    assert [found["intent"] for found in asked_for] == [intent]


@pytest.mark.parametrize(("limit", "status"), [(1, "failed"), (2, "awaiting_hitl")])
def test_a_gate_behind_a_gate_counts_once(limit: int, status: str) -> None:
    """A gate that an approval opens is one more request, no more and no less."""
    run = Run(runtime=asking(approveAction={"type": "hitl"}), guardRails={"maxHitlRequests": limit})
    decide(run, asked(run), "approve")
    assert run.state.status == status


def test_a_person_may_edit_more_than_a_node_delivers() -> None:
    """Edits of a human node beside its outputs are facets of their own, written by the person."""
    run = Run([{"id": "a", "capability": "write"}, {"id": "s", "capability": "sign", "dependsOn": ["a"]}])
    decide(run, asked(run), "approve", edits={"signature": "x", "copy": 2})
    assert run.state.visible_facets()["copy"] == 2
    assert run.state.visible_facets()["signature"] == "x"
    assert run.state.nodes["s"].outputs == {"signature": "x"}
