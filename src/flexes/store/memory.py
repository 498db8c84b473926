"""The store in memory: the same promises as the others, for as long as the process lives."""

from collections.abc import Sequence
from typing import Any, cast

from eventsourcing.persistence import StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from flexes.errors import StoreUnavailable
from flexes.ids import RunId
from flexes.store.digest import first_digest, next_digest
from flexes.store.order import check_next, check_sequence, replaces
from flexes.store.port import Head, NewEvent, Row, Snapshot


class MemoryRecorder(POPOApplicationRecorder):
    """The recorder of `eventsourcing` in memory, with the order of versions and the digest chain added."""

    def __init__(self) -> None:
        super().__init__()
        self._digests: list[bytes] = []
        self._started: list[RunId] = []

    def select_rows(self, run_id: RunId, after: int, upto: int | None) -> Sequence[Row]:
        """Return a run's events in version order."""
        with self._database_lock:
            index = self._stored_events_index.get(run_id, {})
            last = len(index) if upto is None else min(upto, len(index))
            return [self._row(index[version]) for version in range(max(after, 0) + 1, last + 1)]

    def select_log(self, after: int, limit: int) -> Sequence[Row]:
        """Return events of all runs in position order."""
        with self._database_lock:
            start = max(after, 0)
            return [self._row(at) for at in range(start, min(start + limit, len(self._stored_events)))]

    def select_heads(self, limit: int, before: int | None) -> Sequence[Head]:
        """Return the runs, the one started last first."""
        with self._database_lock:
            heads = (self._head(run_id) for run_id in reversed(self._started))
            wanted = [head for head in heads if before is None or head.position < before]
            return wanted[:limit]

    def _assert_uniqueness(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        first = stored_events[0]
        head = len(self._stored_events_index.get(str(first.originator_id), ()))
        check_next(RunId(str(first.originator_id)), head, first.originator_version)

    def _update_table(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        run_id = cast(RunId, stored_events[0].originator_id)
        index = self._stored_events_index[run_id]
        digest = self._digests[index[len(index)]] if index else first_digest(run_id)
        if not index:
            self._started.append(run_id)
        for event in stored_events:
            digest = next_digest(digest, run_id, event.originator_version, event.topic, event.state)
            self._digests.append(digest)
        return super()._update_table(stored_events, **kwargs)

    def _row(self, at: int) -> Row:
        event = self._stored_events[at]
        run_id = cast(RunId, event.originator_id)
        return Row(at + 1, run_id, event.originator_version, event.topic, event.state, self._digests[at])

    def _head(self, run_id: RunId) -> Head:
        index = self._stored_events_index[run_id]
        return Head(run_id, len(index), index[1] + 1)


class MemoryStore:
    """A `Store` that is gone with its process.

    Attributes:
        recorder: The same events for tools of `eventsourcing`.
        migrated: Nothing; there are no tables.
    """

    def __init__(self) -> None:
        self.recorder = MemoryRecorder()
        self.migrated: tuple[str, ...] = ()
        self._snapshots: dict[RunId, Snapshot] = {}
        self._closed = False

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """See `EventStore.append`."""
        self._check_open()
        if not events:
            return ()
        check_sequence(events)
        return tuple(self.recorder.insert_events([StoredEvent(*event) for event in events]) or ())

    def read(self, run_id: RunId, after: int = 0, upto: int | None = None) -> Sequence[Row]:
        """See `EventStore.read`."""
        self._check_open()
        return self.recorder.select_rows(run_id, after, upto)

    def read_all(self, after: int, limit: int) -> Sequence[Row]:
        """See `EventStore.read_all`."""
        self._check_open()
        return self.recorder.select_log(after, limit)

    def heads(self, limit: int = 1_000, before: int | None = None) -> Sequence[Head]:
        """See `EventStore.heads`."""
        self._check_open()
        return self.recorder.select_heads(limit, before)

    def last_position(self) -> int:
        """See `EventStore.last_position`."""
        self._check_open()
        return self.recorder.max_notification_id() or 0

    def load_snapshot(self, run_id: RunId) -> Snapshot | None:
        """See `SnapshotStore.load_snapshot`."""
        self._check_open()
        return self._snapshots.get(run_id)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """See `SnapshotStore.save_snapshot`."""
        self._check_open()
        with self.recorder._database_lock:
            kept = self._snapshots.get(snapshot.run_id)
            if kept is None or replaces(snapshot, kept):
                self._snapshots[snapshot.run_id] = snapshot

    def close(self) -> None:
        """See `EventStore.close`."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store in memory is closed: open it again, which starts it empty")
