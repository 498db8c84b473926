"""Timers that come due: what each kind of them does (semantics 8). One that is no longer pending does nothing."""

from typing import assert_never

from flexes.ids import Instant, ms_between
from flexes.run import events as ev
from flexes.run.arrivals import arrive
from flexes.run.commands import Failure, FireTimer
from flexes.run.commit import Commit
from flexes.run.decisions import SYSTEM, decided
from flexes.run.inbox import Item
from flexes.run.outcomes import fail
from flexes.run.records import Timer
from flexes.run.state import State


def due(state: State, at: Instant) -> tuple[Timer, ...]:
    """Return the timers that are due at this instant, earliest first."""
    return tuple(timer for timer in state.timers if timer.due_at <= at)


def fire(commit: Commit, command: FireTimer) -> None:
    """Apply a timer that is due."""
    timer = next((found for found in commit.state.timers if found.id == command.timer_id), None)
    if timer is None or timer.due_at > commit.at:
        return
    commit.append(
        ev.TimerFired,
        timer_id=timer.id,
        timer_kind=timer.kind,
        due_at=timer.due_at,
        node_id=timer.node,
        directive=timer.directive,
        request_id=timer.request,
    )
    _apply(commit, timer)


def _apply(commit: Commit, timer: Timer) -> None:
    match timer.kind:
        case "backoff":
            return
        case "directive":
            identity = f"signal-{commit.state.version}"
            item = Item(id=identity, kind="timer", node=timer.node, attempt=timer.attempt, directive=timer.directive)
            arrive(commit, item)
        case "deadline":
            _time_out(commit, timer)
        case "hitl":
            _lapse(commit, timer)
        case _:
            assert_never(timer.kind)


def _time_out(commit: Commit, timer: Timer) -> None:
    """Fail an attempt that ran past its capability's timeout; an open question of a human node is closed with it."""
    assert timer.node is not None
    node = commit.state.nodes[timer.node]
    elapsed = ms_between(Instant(node.started_at), Instant(timer.due_at)) if node.started_at else 0.0
    for request_id in commit.state.open_requests:
        request = commit.state.requests[request_id]
        if request.policy_id is None and request.node == timer.node:
            commit.append(
                ev.HitlResolved,
                request_id=request_id,
                decision="timeout",
                by=SYSTEM,
                note="no decision in time",
            )
    error = f"no result within {elapsed:g} ms"
    fail(
        commit,
        timer.node,
        timer.attempt,
        Failure(code="timeout", error=error, retryable=True, latency_ms=elapsed),
    )


def _lapse(commit: Commit, timer: Timer) -> None:
    """Decide a request that nobody decided in time: its onTimeout, else a reject by the system."""
    request = commit.state.requests[timer.request or ""]
    decision = "reject" if request.on_timeout is None else "timeout"
    note = "no decision in time"
    commit.append(ev.HitlResolved, request_id=request.id, decision=decision, by=SYSTEM, note=note)
    decided(commit, request, decision, SYSTEM, note, {}, by_person=False)
