"""What stands before a store and passes all on to it; a decorator overrides what it does otherwise."""

import time
from collections.abc import Sequence

from flexes.ids import RunId
from flexes.store.port import BatchStore, Head, Hole, NewEvent, Row, Snapshot, Wakes


class StoreDecorator:
    """A `BatchStore` before another one, which it closes.

    Attributes:
        migrated: Names of the migrations that opening the store applied.
        holes_prove_removal: See `Numbered`.
    """

    def __init__(self, store: BatchStore) -> None:
        self.migrated = store.migrated
        self.holes_prove_removal = store.holes_prove_removal
        self._store = store

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """See `EventStore.append`."""
        return self._store.append(events)

    def append_batch(self, batch: Sequence[Sequence[NewEvent]]) -> Sequence[tuple[int, ...] | None]:
        """See `Batches.append_batch`."""
        return self._store.append_batch(batch)

    def read(self, run_id: RunId, after: int = 0, upto: int | None = None) -> Sequence[Row]:
        """See `EventStore.read`."""
        return self._store.read(run_id, after, upto)

    def read_all(self, after: int, limit: int) -> Sequence[Row]:
        """See `EventStore.read_all`."""
        return self._store.read_all(after, limit)

    def heads(self, limit: int = 1_000, before: int | None = None) -> Sequence[Head]:
        """See `EventStore.heads`."""
        return self._store.heads(limit, before)

    def last_position(self) -> int:
        """See `EventStore.last_position`."""
        return self._store.last_position()

    def holes(self, after: int, limit: int) -> Sequence[Hole]:
        """See `Numbered.holes`."""
        return self._store.holes(after, limit)

    def wait(self, timeout_s: float) -> None:
        """See `Wakes.wait`."""
        if isinstance(self._store, Wakes):
            self._store.wait(timeout_s)
        else:
            time.sleep(timeout_s)

    def load_snapshot(self, run_id: RunId) -> Snapshot | None:
        """See `SnapshotStore.load_snapshot`."""
        return self._store.load_snapshot(run_id)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """See `SnapshotStore.save_snapshot`."""
        self._store.save_snapshot(snapshot)

    def close(self) -> None:
        """See `EventStore.close`."""
        self._store.close()
