"""The ledger: loads runs, decides commands on them, and appends what was decided, whoever else does so too.

Rules:
1. Due timers are applied, as commands of their own, before a command.
2. Whoever appends second reloads and decides again; the command keeps its id.
3. A command id that the run has seen, with the same content, has no second effect; with other content it is refused.
"""

from collections.abc import Callable, Coroutine
from math import log
from typing import Any, Final, NamedTuple, TypeVar

from flexes.errors import CommandRejected, IdempotencyConflict, RunNotFound, VersionConflict
from flexes.ids import RunId
from flexes.run.collector import resting_collector
from flexes.run.commands import Command, CommandBase, FireTimer, StartRun
from flexes.run.decide import decided_commit
from flexes.run.events import Event
from flexes.run.lifecycle import SUSPENDED
from flexes.run.rebuild import command_of
from flexes.run.records import CommandSeen
from flexes.run.state import State
from flexes.run.timers import due
from flexes.shell.clock import Clock
from flexes.shell.commits import Commits
from flexes.store.codec import decode, decode_all, encode
from flexes.store.port import Store
from flexes.store.replay import replayed
from flexes.store.snapshots import restored, snapshot_of

MAX_TRIES: Final = 100
FIRST_SNAPSHOT: Final = 500
SNAPSHOT_GROWTH: Final = 1.25
"""A run gets a snapshot at FIRST_SNAPSHOT events and whenever it has grown by this factor since: all snapshots of a run
together are then a small multiple of its last one, however long it gets."""
GROWTH_AT_REST: Final = 1.05
"""A run that comes to rest gets one sooner: whoever goes on with it, perhaps days later, has little to replay."""
MAX_KEPT: Final = 256
"""Runs whose state is kept in memory, the latest used."""


class Committed(NamedTuple):
    """A commit that this process made: the run before and after it, its events and their positions in the log."""

    before: State | None
    events: tuple[Event, ...]
    after: State
    positions: tuple[int, ...]


Observer = Callable[[Committed], None]
T = TypeVar("T")


class Applied(NamedTuple):
    """What a command came to.

    Attributes:
        events: What it appended; empty when it was already true, or had been given before.
        state: The run after it; for a repeated command, as it was after the first time.
    """

    events: tuple[Event, ...]
    state: State


class Ledger:
    """The runs of one store, as one process sees them.

    Attributes:
        commits: Where its commits go.
        observers: Called after each commit of this ledger.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.commits = Commits(store)
        self.observers: list[Observer] = []
        self._states: dict[RunId, State] = {}
        self._saved: dict[RunId, int] = {}

    def load(self, run_id: RunId) -> State | None:
        """Return the run as it now is in the store, or None."""
        known = self._states.get(run_id)
        if known is None:
            snapshot = self.store.load_snapshot(run_id)
            known = restored(snapshot, self.store) if snapshot else None
            self._saved[run_id] = known.version if known else 0
        with resting_collector():
            state = replayed(run_id, self.store.read(run_id, known.version if known else 0), known)
        if state is not None:
            self._keep(state)
        return state

    def require(self, run_id: RunId) -> State:
        """Return the run as it now is.

        Raises:
            RunNotFound: There is none.
        """
        state = self.load(run_id)
        if state is None:
            raise RunNotFound(f"there is no run {run_id}; list them with `flexes runs`", run_id=run_id)
        return state

    def at_version(self, run_id: RunId, version: int) -> State:
        """Return the run as it was after one of its events.

        Raises:
            RunNotFound: There is no such run, or it has no such version.
        """
        state = replayed(run_id, self.store.read(run_id, 0, version))
        if state is None or state.version != version:
            raise RunNotFound(f"run {run_id} has no version {version}", run_id=run_id, version=version)
        return state

    def events(self, run_id: RunId, after: int = 0, upto: int | None = None) -> list[Event]:
        """Return a run's events in order."""
        return list(decode_all(self.store.read(run_id, after, upto)))

    async def apply(self, command: Command) -> Applied:
        """Decide a command on the run as it is and append what follows.

        Raises:
            CommandRejected: The run refused it, and is unchanged.
            VersionConflict: Others kept appending first, MAX_TRIES times.
        """
        run_id = RunId(command.run_id)
        for attempt in range(MAX_TRIES):
            state = self._states.get(run_id) if attempt == 0 else self.load(run_id)
            if state is None:
                state = self.load(run_id)
            try:
                if state is not None and command.id in state.commands:
                    return self._repeated(state, command)
                state = await self._after_timers(state, command)
                return await self._append(state, command)
            except VersionConflict:
                continue
            except CommandRejected:
                if not self._is_outdated(run_id, state):
                    raise
        raise VersionConflict(f"run {run_id} changes too fast for this writer; try again", run_id=run_id)

    def apply_now(self, command: Command) -> Applied:
        """Do the same without an event loop, for a ledger of which no driver makes use."""
        return _at_once(self.apply(command))

    def _is_outdated(self, run_id: RunId, state: State | None) -> bool:
        """Return whether others appended since the state on which a command was refused."""
        fresh = self.load(run_id)
        known = state.version if state is not None else 0
        return fresh is not None and fresh.version != known

    def firing(self, state: State, timer_id: str) -> FireTimer:
        """Return the command that applies a timer."""
        return FireTimer(run_id=state.run_id, id=self.clock.new_command_id(), at=self.clock.now(), timer_id=timer_id)

    def _keep(self, state: State) -> None:
        self._states.pop(state.run_id, None)
        self._states[state.run_id] = state
        if len(self._states) > MAX_KEPT:
            oldest = next(iter(self._states))
            del self._states[oldest]
            self._saved.pop(oldest, None)

    async def _append(self, state: State | None, command: Command) -> Applied:
        events, after = decided_commit(state, command)
        if not events:
            assert state is not None
            fresh = self.load(RunId(command.run_id))
            if fresh is not None and fresh.version != state.version:
                raise VersionConflict("the run moved on; decide again")
            return Applied((), state)
        assert after is not None

        def tell(positions: tuple[int, ...]) -> None:
            self._tell(Committed(state, events, after, positions))

        await self.commits.append([encode(event) for event in events], tell)
        return Applied(events, after)

    def _tell(self, committed: Committed) -> None:
        self._keep(committed.after)
        for observer in list(self.observers):
            observer(committed)
        self._maybe_snapshot(committed.before, committed.after)

    async def _after_timers(self, state: State | None, command: Command) -> State | None:
        """Apply what is due before this command, each timer as a command of its own."""
        if isinstance(command, (FireTimer, StartRun)):
            return state
        while state is not None and state.timers and not state.is_final:
            pending = due(state, self.clock.now())
            if not pending:
                return state
            state = (await self._append(state, self.firing(state, pending[0].id))).state
        return state

    def _repeated(self, state: State, command: Command) -> Applied:
        seen: CommandSeen = state.commands[command.id]
        first = decode(self.store.read(state.run_id, seen.first_version - 1, seen.first_version)[0])
        if _content(command_of([first])) != _content(command):
            raise IdempotencyConflict(
                "this idempotency key was used before for another command; use a new key",
                command_id=command.id,
            )
        return Applied((), self.at_version(state.run_id, seen.last_version))

    def _maybe_snapshot(self, before: State | None, after: State) -> None:
        if before is None or after.version < FIRST_SNAPSHOT:
            return
        comes_to_rest = before.is_active and after.status in SUSPENDED
        enough = self._saved.get(after.run_id, 0) * GROWTH_AT_REST
        if _generation(before.version) != _generation(after.version) or (comes_to_rest and after.version >= enough):
            self.store.save_snapshot(snapshot_of(after))
            self._saved[after.run_id] = after.version


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine that waits for nothing comes to."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    work.close()
    raise RuntimeError("this ledger has drivers in an event loop: await `apply` there")


def _generation(version: int) -> int:
    """Return how many snapshots a run of this length has had."""
    return 0 if version < FIRST_SNAPSHOT else 1 + int(log(version / FIRST_SNAPSHOT, SNAPSHOT_GROWTH))


def _content(command: CommandBase) -> dict[str, object]:
    """Return what makes two commands the same: all but the time, and what a start froze of its surroundings."""
    return command.model_dump(mode="json", exclude={"at", "context", "catalog"})
