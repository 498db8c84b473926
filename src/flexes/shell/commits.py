"""Commits of all runs that one event loop drives: those that come in one turn of the loop share a transaction.

Rules:
1. While at most one run is driven, a commit is made at once: nothing else could share it.
2. Otherwise it waits for the rest of this turn of the loop, and one flush to the disk makes all of them durable. So
   sixteen runs cost little more flushes than one, and the loop is held up once, not sixteen times.
3. Nobody hears of a commit before it is durable; then its observers hear of it at once, in the order of the log, also
   when whoever asked for it has been cancelled meanwhile.
4. What the shared transaction did not take is appended by itself, so a commit fails for reasons of its own only; after
   two failures in a row the store is given up for this turn, for each may have waited for it as long as it may.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from flexes.errors import StoreUnavailable
from flexes.ids import RunId
from flexes.store.coalescing import MAX_APPENDS, MAX_BYTES, appended_together
from flexes.store.port import Batches, EventStore, NewEvent

ENOUGH_FAILURES: Final = 2
"""So many commits that the store does not take, one after the other, are taken to mean that it takes none."""

Tell = Callable[[tuple[int, ...]], None]
"""Says that the events are durable, and at which positions of the log."""


class _Staged(NamedTuple):
    """A commit that waits for the end of the turn."""

    events: Sequence[NewEvent]
    tell: Tell
    done: asyncio.Future[None]


class Commits:
    """Appends to one store for the coroutines of one event loop.

    Attributes:
        drivers: How many runs are being driven.
    """

    def __init__(self, store: EventStore) -> None:
        self.drivers = 0
        self._store = store
        self._batches = store if isinstance(store, Batches) else None
        self._staged: dict[RunId, _Staged] = {}
        self._bytes = 0

    async def append(self, events: Sequence[NewEvent], tell: Tell) -> None:
        """Store the next events of a run; see `EventStore.append` for what it raises."""
        if self.drivers < 2 or self._batches is None:
            tell(self._store.append(events))
            return
        if events[0].run_id in self._staged:
            self.flush()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if not self._staged:
            loop.call_soon(self.flush)
        self._staged[events[0].run_id] = _Staged(events, tell, done)
        self._bytes += sum(len(event.data) for event in events)
        if self._bytes > MAX_BYTES or len(self._staged) == MAX_APPENDS:
            self.flush()
        await done

    def flush(self) -> None:
        """Make durable what waits for the end of the turn."""
        staged, self._staged, self._bytes = list(self._staged.values()), {}, 0
        stored = zip(staged, self._stored(staged), strict=True)
        failures = 0
        error: Exception | None = None
        for commit, positions in sorted(stored, key=lambda pair: pair[1] is None):
            if failures < ENOUGH_FAILURES:
                error = self._told(commit, positions)
                failures = failures + 1 if isinstance(error, StoreUnavailable) else 0
            _settle(commit.done, error)

    def _stored(self, staged: Sequence[_Staged]) -> Sequence[tuple[int, ...] | None]:
        """Return the positions of each commit, or None for those that have to be appended alone."""
        if len(staged) < 2 or self._batches is None:
            return [None] * len(staged)
        return appended_together(self._batches, [commit.events for commit in staged])

    def _told(self, commit: _Staged, positions: tuple[int, ...] | None) -> Exception | None:
        """Say that a commit is durable, once it is; return what whoever asked for it has to hear instead."""
        try:
            commit.tell(self._store.append(commit.events) if positions is None else positions)
        except Exception as error:  # the others go on
            return error
        return None


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():  # whoever asked was cancelled
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
