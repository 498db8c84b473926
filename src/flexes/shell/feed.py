"""The feed of frames, of one run or of all, read from any store and resumable by the id of any frame.

Rules:
1. Frames come in the order of the log; within an event, in its own order. So one id resumes every feed.
2. After any cut, what was received and what follows the last id received are together the uncut feed.
3. States are folded while reading; those of at most MAX_RUNS runs are kept, any other is folded again.
4. The feed of one run reads the events of that run alone, however much the others write.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import Final, NamedTuple

from flexes.errors import RunNotFound
from flexes.ids import RunId
from flexes.run.events import Event
from flexes.run.evolve import evolve
from flexes.run.state import State
from flexes.store.codec import decode
from flexes.store.port import EventStore, Row
from flexes.store.replay import replayed, trusting
from flexes.store.tail import tail
from flexes.view.frame import Frame, FrameId, parse_frame_id
from flexes.view.frames import frames_of

MAX_RUNS: Final = 64
_BATCH: Final = 1_000
_FIRST: Final = FrameId(0, -1)


class Folded(NamedTuple):
    """A stored event with the states around it; `before` is None for the first event of a run."""

    row: Row
    event: Event
    before: State | None
    after: State


class Folding:
    """Folds the events of any runs as they are read, each run in order; gaps are read from the store."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._states: dict[RunId, State] = {}

    def steps(self, rows: Iterable[Row]) -> Iterator[Folded]:
        """Yield the events of these rows with the states around them."""
        for row in rows:
            before, event = self._before(row), decode(row)
            with trusting(row.run_id):
                after = evolve(before, event)
            self._keep(after)
            yield Folded(row, event, before, after)

    def all_steps(self, rows: Iterable[Row]) -> list[Folded]:
        """Return the same at once, for a thread."""
        return list(self.steps(rows))

    def _before(self, row: Row) -> State | None:
        known = self._states.get(row.run_id)
        if known is not None and known.version == row.version - 1:
            return known
        return replayed(row.run_id, self._store.read(row.run_id, 0, row.version - 1)) if row.version > 1 else None

    def _keep(self, state: State) -> None:
        self._states.pop(state.run_id, None)
        self._states[state.run_id] = state
        if len(self._states) > MAX_RUNS:
            del self._states[next(iter(self._states))]


class RunFeed:
    """The frames of one run as it grows; each call of `take` returns those that are new.

    Args:
        version: The version after which the feed begins; 0 for all of the run.
    """

    def __init__(self, store: EventStore, run_id: RunId, version: int = 0) -> None:
        self._store = store
        self._run_id = run_id
        self._version = version
        self._folding = Folding(store)

    def take(self) -> list[Frame]:
        """Return the frames of what was stored since the last call."""
        found: list[Frame] = []
        for step in self._folding.steps(self._store.read(self._run_id, self._version)):
            self._version = step.row.version
            found.extend(frames_at(step))
        return found


def frames_at(step: Folded) -> tuple[Frame, ...]:
    """Return the frames of one stored event."""
    with trusting(step.row.run_id):
        return frames_of(step.event, step.before, step.after, step.row.position)


def steps_of_run(store: EventStore, run_id: RunId) -> Iterator[Folded]:
    """Yield a run's events with the states around them.

    Raises:
        RunNotFound: There is no such run.
    """
    rows = store.read(run_id)
    if not rows:
        raise RunNotFound(f"there is no run {run_id}; list them with `flexes runs`", run_id=run_id)
    return Folding(store).steps(rows)


def steps_of_all(store: EventStore, after: int = 0) -> Iterator[Folded]:
    """Yield the events of all runs after a position, with the states around them."""
    folding = Folding(store)
    while rows := store.read_all(after, _BATCH):
        yield from folding.steps(rows)
        after = rows[-1].position


def frames_of_run(store: EventStore, run_id: RunId, after_id: str | None = None) -> Iterator[Frame]:
    """Yield a run's frames after the one with this id; all for None.

    Raises:
        RunNotFound: There is no such run.
        InvalidDocument: No frame has this id.
    """
    return _after(_parsed(after_id), steps_of_run(store, run_id))


def frames_of_all(store: EventStore, after_id: str | None = None) -> Iterator[Frame]:
    """Yield the frames of all runs after the one with this id; all for None.

    Raises:
        InvalidDocument: No frame has this id.
    """
    after = _parsed(after_id)
    return _after(after, steps_of_all(store, max(after.position - 1, 0)))


async def follow(
    store: EventStore, run_id: RunId | None = None, after_id: str | None = None
) -> AsyncGenerator[Frame, None]:
    """Yield frames as they come, those already stored first; of all runs for None.

    The feed of one run ends with its terminal frame; that of all runs ends when the caller closes it.

    Raises:
        RunNotFound: There is no such run.
        InvalidDocument: No frame has this id.
    """
    after = _parsed(after_id)
    if run_id is not None and not await asyncio.to_thread(store.read, run_id, 0, 1):
        raise RunNotFound(f"there is no run {run_id}; list them with `flexes runs`", run_id=run_id)
    start = max(after.position - 1, 0) if run_id is None else 0
    folding = Folding(store)
    async with aclosing(tail(store, start, run_id=run_id)) as batches:
        async for rows in batches:
            steps = await asyncio.to_thread(folding.all_steps, rows)
            for frame in _after(after, steps):
                yield frame
            if run_id is not None and steps[-1].after.is_final:
                return


def _parsed(frame_id: str | None) -> FrameId:
    return _FIRST if frame_id is None else parse_frame_id(frame_id)


def _after(after: FrameId, steps: Iterable[Folded]) -> Iterator[Frame]:
    for step in steps:
        if step.row.position >= after.position:
            yield from (frame for frame in frames_at(step) if parse_frame_id(frame.id) > after)
