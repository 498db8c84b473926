"""Whole runs as readable text: golden transcripts, hand-made expectations, and laws that every run must keep.

`FLEXES_UPDATE_GOLDEN=1 pytest tests/transcripts` writes the golden files anew; a reviewer reads their difference.
"""

from typing import Any

import pytest
from tests.transcripts.expectations import differences
from tests.transcripts.library import (
    HERE,
    SCENARIOS,
    Told,
    commits,
    expectation,
    golden,
    loaded,
    played,
    rests,
    steps,
    told,
)
from tests.transcripts.rendering import transcript

from flexes.errors import CommandRejected, HitlPending, InvalidRunState
from flexes.ids import CommandId, Instant, ms_between
from flexes.policy.actions import Backoff, Goto
from flexes.run import commands as cmd
from flexes.run import events as ev
from flexes.run.backoff import MAX_JITTER
from flexes.run.decide import decide, decided_commit
from flexes.run.evolve import fold
from flexes.run.lifecycle import transitions
from flexes.run.outstanding import invocation, outstanding
from flexes.run.rebuild import command_of
from flexes.run.state import State
from flexes.scenario.simulate import simulate
from flexes.shell.verify import verify_run
from flexes.store.codec import encode
from flexes.store.digest import verify_chain
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent, Snapshot
from flexes.store.snapshots import restored, snapshot_of

every_run = pytest.mark.parametrize("name", SCENARIOS)


@every_run
def test_it_comes_to_what_the_rules_say(name: str) -> None:
    """Semantics 2-9: each scenario has a hand-made expectation, with the rules that it follows from."""
    expected = expectation(name)
    assert expected.get("rules"), "say which rules the scenario shows"
    assert differences(expected, told(name).run) == []


@every_run
def test_its_transcript_is_golden(name: str) -> None:
    """Whole-run behaviour is pinned by a readable text, event by event."""
    found = loaded(name)
    text = f"# {found.name}\n# {found.description}\n\n{transcript(told(name).events)}"
    golden(HERE / "golden" / f"{name}.txt", text)


@every_run
def test_it_is_the_same_bytes_twice(name: str) -> None:
    """Interfaces 3: the same scenario gives byte-identical events, positions and digests."""
    assert played(name).rows == told(name).rows


@every_run
def test_folding_what_was_stored_gives_the_live_state(name: str) -> None:
    """Semantics 10: state is a fold over events, nothing else."""
    one = told(name)
    assert fold(one.events) == one.run.state
    assert verify_chain(one.rows) is None


@every_run
def test_deciding_again_gives_what_was_stored(name: str) -> None:
    """Semantics 10: the command of each commit, rebuilt from its events, yields the stored events."""
    one = told(name)
    state: State | None = None
    stored = [(row.version, row.type, row.data) for row in one.rows]
    for commit in commits(one.events):
        again, _ = decided_commit(state, command_of(commit))
        made = [(found.version, found.type, found.data) for found in map(encode, again)]
        first = commit[0].version - 1
        assert made == stored[first : first + len(commit)]
        state = fold(commit, state)


@every_run
def test_verify_finds_nothing(name: str) -> None:
    """Semantics 10: `verify` replays a run, its digests, its lifecycle and its decisions, and finds it sound."""
    store = MemoryStore()
    run = simulate(loaded(name), store)
    assert verify_run(store, run.state.run_id).findings == ()


@every_run
def test_a_run_that_ends_ends_once_and_last(name: str) -> None:
    """Semantics 2: exactly one terminal event, the last; what ran is abandoned, what was open is closed."""
    one = told(name)
    terminal = [event.version for event in one.events if event.kind in ev.TERMINAL]
    assert terminal == ([one.rows[-1].version] if one.run.state.is_final else [])
    if one.run.state.is_final:
        statuses = {node.status for node in one.run.state.nodes.values()}
        assert "running" not in statuses
        assert not one.run.state.open_requests
        assert outstanding(one.run.state) == ()


@every_run
def test_every_event_is_legal_where_it_stands(name: str) -> None:
    """Semantics 2: the chart allows each event in the status before it, and leads to the status after it."""
    for before, event, after in steps(told(name).events):
        if before is not None:
            assert after.status in transitions()[(before.status, event.kind)], event


@every_run
def test_a_snapshot_of_any_state_is_that_state(name: str) -> None:
    """Semantics 10: snapshots are derived; what they bring back is equal and decides the same."""
    events = told(name).events
    by_version = {commit[0].version - 1: commit for commit in commits(events)}
    store = MemoryStore()
    store.append([NewEvent(*row[1:5]) for row in told(name).rows])
    for _, _, state in steps(events):
        snapshot = snapshot_of(state)
        back = restored(Snapshot(state.run_id, state.version, snapshot.schema, bytes(snapshot.data)), store)
        assert back is not None
        assert back == state
        assert snapshot_of(back) == snapshot
        following = by_version.get(state.version)
        if following is not None:
            command = command_of(following)
            assert decide(back, command) == decide(state, command)
            assert outstanding(back) == outstanding(state)


@every_run
def test_a_commit_keeps_its_order(name: str) -> None:
    """Semantics 3: fact; SignalEvaluated; PolicyTriggered then its effect; RewriteStarted and NodeStarted last."""
    after_start = {"NodeStarted", "RewriteStarted", "HitlRequested"}
    for commit in commits(told(name).events):
        kinds = [event.kind for event in commit]
        starts = [place for place, kind in enumerate(kinds) if kind in ("NodeStarted", "RewriteStarted")]
        if starts:
            assert set(kinds[starts[0] :]) <= after_start, kinds
        for place, kind in enumerate(kinds):
            if kind == "RewriteStarted":
                assert kinds[place + 1] == "NodeStarted"
        assert kinds[0] not in {"SignalEvaluated", "SignalTaken", "PolicyTriggered", "NodeStarted", "PlanRequested"}


@every_run
def test_a_completed_node_is_reissued_by_goto_alone(name: str) -> None:
    """Semantics 10: attempts are numbered without gaps, and a next one starts only after the last was undone."""
    for before, event, _ in steps(told(name).events):
        if isinstance(event, ev.NodeStarted):
            assert before is not None
            node = before.nodes[event.node_id]
            assert (node.status, node.attempt) == ("pending", event.attempt - 1)
            assert not node.not_before_at
            parents = before.node_of(event.node_id).depends_on
            assert all(before.nodes[parent].status == "completed" for parent in parents)


@every_run
def test_guard_rails_hold(name: str) -> None:
    """Semantics 9: replans, rewrites, human requests and extra runs never pass their caps; request ids are unique."""
    one = told(name)
    state, rails = one.run.state, one.run.state.context.guard_rails
    assert state.replans <= rails.max_replans
    assert state.policy_requests <= rails.max_hitl_requests
    assert all(count.replans <= rails.max_replans_per_policy for count in state.policies.values())
    assert all(made <= rails.max_rewrites_per_node for made in state.rewrites.values())
    requests = [event.request_id for event in one.events if isinstance(event, ev.HitlRequested)]
    assert len(requests) == len(set(requests))
    for event in one.events:
        if isinstance(event, ev.PolicyTriggered) and event.attempt is not None and event.max_attempts is not None:
            assert event.attempt <= event.max_attempts


@every_run
def test_every_signal_gets_one_outcome_of_each_directive(name: str) -> None:
    """Semantics 7: one SignalEvaluated a signal, in total order, with one outcome a directive; matched = acted."""
    one = told(name)
    ranks = {directive.id: directive.rank for directive in one.run.state.context.directives}
    for commit in commits(one.events):
        for place, event in enumerate(commit):
            if isinstance(event, ev.SignalEvaluated):
                heard = [policy for policy, _, _ in event.outcomes]
                assert heard == sorted(set(heard), key=lambda policy: ranks[policy])
                acted = {found.policy_id for found in commit[place:] if isinstance(found, ev.PolicyTriggered)}
                assert {policy for policy, outcome, _ in event.outcomes if outcome == "matched"} <= acted


@every_run
def test_backoff_is_exponential_and_capped(name: str) -> None:
    """Semantics 8: the delay doubles, jitter only adds to it, the cap is never passed, and the timer keeps it."""
    one = told(name)
    for (_, trigger, _), (_, reset, _) in zip(steps(one.events), list(steps(one.events))[1:], strict=False):
        if isinstance(trigger, ev.PolicyTriggered) and isinstance(reset, ev.NodesReset) and reset.not_before_at:
            backoff = _backoff(one, trigger)
            attempt = trigger.attempt or 1
            least = min(backoff.initial_ms * backoff.multiplier ** (attempt - 1), backoff.max_ms)
            most = min(least * (1 + MAX_JITTER), backoff.max_ms)
            assert least <= ms_between(Instant(reset.at), Instant(reset.not_before_at)) <= most
    for event in one.events:
        if isinstance(event, ev.TimerFired):
            assert event.at >= event.due_at


@every_run
def test_a_second_delivery_changes_nothing(name: str) -> None:
    """Semantics 10: outcomes count at most once, whenever they come again."""
    events = told(name).events
    recorded = [
        commit
        for commit in commits(events)
        if isinstance(commit[0], (ev.NodeCompleted, ev.NodeFailed, ev.NodeSuperseded))
    ]
    for state in rests(events):
        for commit in recorded:
            if commit[-1].version <= state.version and not state.is_final:
                again = command_of(commit).model_copy(update={"id": CommandId("again"), "at": state.at})
                assert decide(state, again) == ()


@every_run
def test_operators_are_answered_in_every_state(name: str) -> None:
    """Semantics 2: cancel in every non-final state; resume appends nothing, Resumed, or is refused, by the status."""
    for state in rests(told(name).events):
        common: dict[str, Any] = {"run_id": state.run_id, "id": "operator", "at": state.at, "actor": "operator"}
        cancel, resume = cmd.CancelRun(**common, reason="no"), cmd.ResumeRun(**common)
        if state.is_final:
            for command in (cancel, resume, cmd.PauseRun(**common)):
                assert _refused(state, command) is InvalidRunState
            continue
        assert [event.kind for event in decide(state, cancel)] == ["Cancelled"]
        if state.status == "awaiting_hitl":
            assert _refused(state, resume) is HitlPending
        elif state.status == "paused":
            assert [event.kind for event in decide(state, resume)][:1] == ["Resumed"]
        else:
            assert decide(state, resume) == ()


@every_run
def test_a_rerun_knows_what_came_before(name: str) -> None:
    """Semantics 8: a re-run gets `previous` with attempt, inputs, outputs, metrics, the error if any, and the cause."""
    for before, event, after in steps(told(name).events):
        if not isinstance(event, ev.NodeStarted) or event.attempt == 1:
            continue
        assert before is not None
        previous = invocation(after, event.node_id).previous
        assert previous is not None
        assert previous["attempt"] == event.attempt - 1
        assert {"inputs", "outputs", "metrics", "cause"} <= previous.keys()


def test_it_can_be_told_to_an_observer() -> None:
    """Interfaces 3: an observer sees each commit once, in order."""
    seen: list[int] = []
    run = simulate(loaded("goto-retry"), None, lambda committed: seen.append(committed.after.version))
    assert seen == [commit.after.version for commit in run.commits]


def _backoff(one: Told, trigger: ev.PolicyTriggered) -> Backoff:
    action = one.run.state.context.by_id[trigger.policy_id].action
    assert isinstance(action, Goto)
    assert action.backoff is not None
    return action.backoff


def _refused(state: State, command: cmd.Command) -> type[Exception]:
    with pytest.raises(CommandRejected) as caught:
        decide(state, command)
    return caught.type


def test_every_section_is_shown() -> None:
    """The scenarios together cover the sections 2 to 9 of the semantics, each with several stories."""
    rules = [rule for name in SCENARIOS for rule in expectation(name)["rules"]]
    shown = {section: sum(rule.startswith(f"{section} ") for rule in rules) for section in range(2, 10)}
    assert min(shown.values()) >= 2, shown
    assert {path.stem for path in (HERE / "expected").glob("*.yaml")} == set(SCENARIOS)
    assert {path.stem for path in (HERE / "golden").iterdir()} == set(SCENARIOS)
