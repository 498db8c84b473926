"""A pause changes when things happen and never what happens: every golden run, interrupted at every place."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.transcripts.library import SCENARIOS, commits, told
from tests.transcripts.rendering import told as lines_of

from flexes.run import commands as cmd
from flexes.run import events as ev
from flexes.run.decide import decided_commit
from flexes.run.evolve import fold
from flexes.run.rebuild import command_of
from flexes.run.state import State

every_run = pytest.mark.parametrize("name", SCENARIOS)
WORK = (cmd.RecordOutcome, cmd.FireTimer, cmd.AnswerPlanner, cmd.ReceiveSignal, cmd.TriggerPolicy, cmd.ResolveHitl)


@every_run
def test_a_pause_without_events_changes_nothing(name: str) -> None:
    """Semantics 2: paused and resumed at once, a run decides its next command as if nothing had been."""
    for state, commit in _places(name):
        if state.paused:
            continue
        command = command_of(commit)
        interrupted = _resumed(_paused(state))
        again, _ = _decided(interrupted, command)
        assert _told(again) == _told(commit)


@every_run
def test_what_arrives_during_a_pause_happens_after_it(name: str) -> None:
    """Semantics 7: a signal that waits in the inbox comes to what it would have come to without the pause."""
    for state, commit in _places(name):
        command = command_of(commit)
        if not isinstance(command, WORK) or state.paused or any(isinstance(event, ev.Paused) for event in commit):
            continue
        direct = fold(commit, state)
        assert direct is not None
        _, waiting = _decided(_paused(state), command)
        assert not any(event.kind == "NodeStarted" for event in _decided(_paused(state), command)[0])
        assert _gist(waiting if waiting.is_final else _resumed(waiting)) == _gist(direct), command


def _places(name: str) -> Iterator[tuple[State, list[ev.Event]]]:
    """Yield each state at rest that is followed by a commit, and that commit."""
    state: State | None = None
    for commit in commits(told(name).events):
        if state is not None:
            yield state, commit
        state = fold(commit, state)


def _decided(state: State, command: cmd.Command) -> tuple[tuple[ev.Event, ...], State]:
    events, after = decided_commit(state, command)
    assert after is not None
    return events, after


def _operator(state: State, place: str) -> dict[str, Any]:
    return {"run_id": state.run_id, "id": f"operator-{place}-{state.version}", "at": state.at, "actor": "operator"}


def _paused(state: State) -> State:
    return _decided(state, cmd.PauseRun(**_operator(state, "pause")))[1]


def _resumed(state: State) -> State:
    if not state.paused:
        return state
    return _decided(state, cmd.ResumeRun(**_operator(state, "resume")))[1]


def _told(events: Any) -> list[tuple[str, str]]:
    return [(kind, re.sub(r"signal-\d+", "signal", facts)) for kind, facts in lines_of(events)]


def _gist(state: State) -> dict[str, Any]:
    return {
        "status": state.status,
        "nodes": {name: (node.status, node.attempt) for name, node in state.nodes.items()},
        "facets": state.visible_facets(),
        "policies": {name: (count.triggers, count.replans) for name, count in state.policies.items()},
        "tallies": dict(state.tallies),
        "spent": state.cost_total,
        "projected": state.cost_projected,
        "open": len(state.open_requests),
        "inbox": len(state.inbox),
        "plan": state.plan_version,
        "replans": state.replans,
    }
