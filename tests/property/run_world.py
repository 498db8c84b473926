"""A run in a world that can be steered: a store in memory, a clock that stands still, two writers, and checks after
each commit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.property.run_laws import check_history, check_moves, check_moving

from flexes.envelope.capability import Catalog
from flexes.errors import CommandRejected, IdempotencyConflict
from flexes.ids import CommandId, Instant, RunId, derived_id, derived_run_id, plus_ms
from flexes.run import commands as cmd
from flexes.run.decide import decided_commit
from flexes.run.events import Event
from flexes.run.evolve import fold
from flexes.run.rebuild import command_of
from flexes.run.state import FIELDS, State
from flexes.run.timers import due
from flexes.shell.ledger import Committed, Ledger
from flexes.shell.submission import checked_envelope
from flexes.store.codec import decode, encode
from flexes.store.memory import MemoryStore
from flexes.store.snapshots import restored, snapshot_of

EPOCH = Instant("2026-01-01T00:00:00.000000Z")


class SteeredClock:
    """A clock that is moved by hand; ids are counted."""

    def __init__(self, run_id: RunId) -> None:
        self.run_id = run_id
        self.at = EPOCH
        self.count = 0

    def now(self) -> Instant:
        """Return the present instant."""
        return self.at

    def elapsed_s(self) -> float:
        """Return zero; nothing is measured."""
        return 0.0

    def new_run_id(self) -> RunId:
        """Return the run's id."""
        return self.run_id

    def new_command_id(self) -> CommandId:
        """Return the next id."""
        self.count += 1
        return CommandId(derived_id(self.run_id, "command", self.count))


class World:
    """One run and everything that can happen to it; `rejected` are the refusals so far.

    Args:
        checked: Whether every law is checked after every commit.
    """

    def __init__(
        self, envelope: Mapping[str, Any], catalog: Catalog, flags: cmd.Flags | None = None, *, checked: bool = True
    ) -> None:
        self.checked = checked
        self.run_id = derived_run_id("world")
        self.clock = SteeredClock(self.run_id)
        self.store = MemoryStore()
        self.ledgers = [self._ledger(), self._ledger()]
        self.commits: list[Committed] = []
        self.rejected: list[CommandRejected] = []
        self.given: list[cmd.Command] = []
        self.replayed: State | None = None
        parsed, context = checked_envelope(envelope, catalog)
        start = cmd.StartRun(
            **self.common("system"),
            envelope=parsed.wire(),
            context=context,
            catalog=catalog,
            flags=flags or cmd.Flags(),
        )
        assert self.send(start) is None

    def _ledger(self) -> Ledger:
        ledger = Ledger(self.store, self.clock)
        ledger.observers.append(self._committed)
        return ledger

    def _committed(self, committed: Committed) -> None:
        self.commits.append(committed)

    @property
    def state(self) -> State:
        """The run as its last commit left it."""
        return self.commits[-1].after

    @property
    def events(self) -> tuple[Event, ...]:
        """All events as they were made."""
        return tuple(event for commit in self.commits for event in commit.events)

    def common(self, actor: str) -> dict[str, Any]:
        """Return what every command needs."""
        return {"run_id": self.run_id, "id": self.clock.new_command_id(), "at": self.clock.now(), "actor": actor}

    def send(self, command: cmd.Command, writer: int = 0) -> CommandRejected | None:
        """Give a command through one of the two writers, check everything; return the refusal, if any."""
        made = len(self.commits)
        before = self.commits[-1].after if self.commits else None
        refusal: CommandRejected | None = None
        try:
            applied = self.ledgers[writer].apply_now(command)
            assert self.commits[made:] or applied.state == before or command.id in applied.state.commands
        except CommandRejected as error:
            refusal = error
            self.rejected.append(error)
        fresh = self.commits[made:]
        if refusal is not None:
            only_timers = all(commit.events[0].kind == "TimerFired" for commit in fresh)
            assert only_timers, f"refused ({refusal.code}), and yet: {[c.events[0].kind for c in fresh]}"
        elif not isinstance(command, cmd.FireTimer):
            self.given.append(command)
        if self.checked:
            self._check(fresh)
        if refusal is not None and self.checked:
            self._check_refusal(command, refusal)
        return refusal

    def fire_due(self, writer: int = 0) -> None:
        """Apply every timer that is due, as the driver does."""
        while not self.state.is_final and (pending := due(self.state, self.clock.now())):
            self.send(self.ledgers[writer].firing(self.state, pending[0].id), writer)

    def wait(self, duration_ms: float) -> None:
        """Let time pass."""
        self.clock.at = plus_ms(self.clock.at, duration_ms)

    def wait_for_timer(self) -> None:
        """Let time pass until the next timer is due, if there is one."""
        if self.state.timers:
            self.clock.at = max(self.clock.at, Instant(self.state.timers[0].due_at))

    def crash(self, writer: int, *, snapshot: bool) -> None:
        """Lose what a writer holds in memory; it may find a snapshot when it comes back."""
        if snapshot:
            self.store.save_snapshot(snapshot_of(self.state))
        self.ledgers[writer] = self._ledger()
        whole = fold(self.stored())
        assert whole is not None
        assert same(whole, self.state), "replay from the first event differs from live"

    def stored(self) -> Sequence[Event]:
        """Return the events as they are read back from the store."""
        return [decode(row) for row in self.store.read(self.run_id)]

    def _check_refusal(self, command: cmd.Command, refusal: CommandRejected) -> None:
        """A refusal is that of the run as it is, not as a writer remembers it (semantics 10)."""
        if isinstance(refusal, IdempotencyConflict):
            return
        real = _refusal(self.replayed, command)
        assert type(real) is type(refusal), f"{refusal.code} on a stale state, really {real}"

    def _check(self, fresh: Sequence[Committed]) -> None:
        replayed = self.replayed
        for commit in fresh:
            stored = [
                decode(row)
                for row in self.store.read(self.run_id, commit.events[0].version - 1, commit.events[-1].version)
            ]
            again, _ = decided_commit(replayed, command_of(stored))
            assert [encode(event) for event in again] == [encode(event) for event in commit.events], "decided otherwise"
            assert [encode(event) for event in stored] == [encode(event) for event in commit.events], "stored otherwise"
            replayed = check_moves(replayed, stored)
            assert same(replayed, commit.after), "replay differs from live"
            check_history(commit.after, self.events[: commit.after.version])
            check_moving(commit.after)
            if commit.after.version % 4 == 0:
                replayed = restored(snapshot_of(commit.after), self.store)
                assert replayed is not None
                assert same(replayed, commit.after), "a snapshot differs from live"
            self.replayed = replayed


def _refusal(state: State | None, command: cmd.Command) -> CommandRejected | None:
    try:
        decided_commit(state, command)
    except CommandRejected as error:
        return error
    return None


def same(one: State, other: State) -> bool:
    """Return whether two states are equal, field by field."""
    for name in FIELDS:
        assert getattr(one, name) == getattr(other, name), name
    return True
