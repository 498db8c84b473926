"""Appends of several threads in one transaction: one flush to the disk for all that wait for one.

Rules:
1. A thread that finds nobody appending does it itself, at once; whoever comes meanwhile waits in line.
2. Then the first in line appends for all who wait, up to MAX_APPENDS and MAX_BYTES, in one transaction.
3. Nobody is told positions before the transaction that holds them is committed.
4. What a transaction did not take, or all of it if it failed, is appended by the thread that asked for it, alone. So an
   append fails for reasons of its own only, and the store gives them.
"""

from collections import deque
from collections.abc import Sequence
from threading import Lock
from typing import Final

from flexes.ids import RunId
from flexes.store.order import check_sequence
from flexes.store.port import Batches, BatchStore, NewEvent

MAX_APPENDS: Final = 256
"""Most appends that go into one transaction."""

MAX_BYTES: Final = 8_000_000
"""Bytes of events after which a transaction takes no more appends."""


def appended_together(store: Batches, appends: Sequence[Sequence[NewEvent]]) -> Sequence[tuple[int, ...] | None]:
    """Store appends of different runs in one transaction; return their positions, None for those to ask for alone."""
    try:
        return store.append_batch(appends)
    except Exception:  # whose fault it was, each of them hears when it asks alone
        return [None] * len(appends)


class _Waiting:
    """An append in line: called when it is done, or when its thread is to lead."""

    __slots__ = ("call", "events", "is_called", "is_done", "positions", "size")

    def __init__(self, events: Sequence[NewEvent]) -> None:
        self.events = events
        self.size = sum(len(event.data) for event in events)
        self.positions: tuple[int, ...] | None = None
        self.is_called = False
        self.is_done = False
        self.call = Lock()
        self.call.acquire()


class Coalescer:
    """Appends to one store, for several threads at once; each gets the answer that the store would give it."""

    def __init__(self, store: BatchStore) -> None:
        self._store = store
        self._lock = Lock()
        self._line: deque[_Waiting] = deque()
        self._is_led = False

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """See `EventStore.append`."""
        if not events:
            return ()
        check_sequence(events)
        own = _Waiting(events)
        if not self._leads_at_once(own):
            self._wait(own)
        if not own.is_done:
            self._lead(own)
        return self._store.append(events) if own.positions is None else own.positions

    def _leads_at_once(self, own: _Waiting) -> bool:
        with self._lock:
            self._line.append(own)
            leads, self._is_led = not self._is_led, True
            return leads

    def _wait(self, own: _Waiting) -> None:
        """Return when another thread is done with the append, or it is this thread's turn to lead."""
        try:
            own.call.acquire()
        except BaseException:
            self._leave(own)
            raise

    def _leave(self, own: _Waiting) -> None:
        """Give up a place in line, after an interruption; nobody may wait for a leader who went away."""
        with self._lock:
            if own not in self._line:
                return
            was_called = own.is_called
            self._line.remove(own)
        if was_called:
            self._call_next()

    def _lead(self, own: _Waiting) -> None:
        batch = self._taken()
        try:
            if len(batch) == 1:
                own.positions = self._store.append(own.events)
            else:
                self._append_batch(batch)
        finally:
            self._call_next()
            for waiting in batch:
                waiting.is_done = True
                waiting.call.release()

    def _taken(self) -> list[_Waiting]:
        """Return what goes into one transaction, the leader's own append first, and at most one of each run."""
        batch: dict[RunId, _Waiting] = {}
        rest: deque[_Waiting] = deque()
        size = 0
        with self._lock:
            for waiting in self._line:
                run_id = waiting.events[0].run_id
                if run_id in batch or len(batch) == MAX_APPENDS or size > MAX_BYTES:
                    rest.append(waiting)
                else:
                    batch[run_id] = waiting
                    size += waiting.size
            self._line = rest
        return list(batch.values())

    def _append_batch(self, batch: Sequence[_Waiting]) -> None:
        found = appended_together(self._store, [waiting.events for waiting in batch])
        for waiting, positions in zip(batch, found, strict=True):
            waiting.positions = positions

    def _call_next(self) -> None:
        """Let the first in line lead."""
        with self._lock:
            self._is_led = bool(self._line)
            if self._line:
                self._line[0].is_called = True
                self._line[0].call.release()
