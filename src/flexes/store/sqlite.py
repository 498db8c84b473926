"""The store in one SQLite file: durable, for several threads and several processes of one machine."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from flexes.errors import VersionConflict
from flexes.ids import RunId
from flexes.store.digest import first_digest, next_digest
from flexes.store.order import check_next, check_sequence
from flexes.store.port import Head, Hole, NewEvent, Row, Snapshot
from flexes.store.sqlite_connections import SqliteConnections
from flexes.store.statements import Migration, pending, statements

BUSY_TIMEOUT_S: Final = 30.0
"""How long a writer waits for another one before the store is reported as unavailable."""

_LAST: Final = 2**63 - 1
_SQL: Final = statements("sqlite")
_STRICT_TABLES: Final = sqlite3.sqlite_version_info >= (3, 37)


class SqliteRecorder(SQLiteApplicationRecorder):
    """The SQLite recorder of `eventsourcing` on our tables, with ordered versions and the digest chain."""

    def construct_create_table_statements(self) -> list[str]:
        """Return nothing: the tables come from the migrations."""
        return []

    def _insert_events(self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        return _insert(c.sqlite_cursor, [_new_event(event) for event in stored_events])


class SqliteStore:
    """A `Store` in one SQLite file, made if there is none.

    Args:
        path: The file; its folder must exist.
        synchronous: `full`: a commit survives a loss of power. `normal`: faster; the last commits may be lost
            with the power, never with the process.
        busy_timeout_s: How long to wait for another writer.

    Attributes:
        recorder: The same events for tools of `eventsourcing`.
        migrated: Names of the migrations that opening the store applied.
        holes_prove_removal: A commit that is undone gives its positions back.

    Raises:
        StoreUnavailable: The file cannot be opened, is no SQLite file, or was written by a later release.
    """

    def __init__(self, path: Path, *, synchronous: str = "full", busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.holes_prove_removal = True
        self._connections = SqliteConnections(path, synchronous=synchronous, busy_timeout_s=busy_timeout_s)
        try:
            self.migrated = _migrate(self._connections, str(path))
        except BaseException:
            self._connections.close()
            raise
        self.recorder = SqliteRecorder(self._connections)

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """See `EventStore.append`."""
        if not events:
            return ()
        check_sequence(events)
        with self._connections.writer as cursor:
            return _insert(cursor, events)

    def append_batch(self, batch: Sequence[Sequence[NewEvent]]) -> Sequence[tuple[int, ...] | None]:
        """See `Batches.append_batch`."""
        with self._connections.writer as cursor:
            return [_insert_if_next(cursor, events) for events in batch]

    def read(self, run_id: RunId, after: int = 0, upto: int | None = None) -> Sequence[Row]:
        """See `EventStore.read`."""
        last = _LAST if upto is None else upto
        return [Row(*found) for found in self._select("read", run_id, after, last)]

    def read_all(self, after: int, limit: int) -> Sequence[Row]:
        """See `EventStore.read_all`."""
        return [Row(*found) for found in self._select("read_all", after, max(limit, 0))]

    def heads(self, limit: int = 1_000, before: int | None = None) -> Sequence[Head]:
        """See `EventStore.heads`."""
        return [Head(*found) for found in self._select("heads", _LAST if before is None else before, max(limit, 0))]

    def last_position(self) -> int:
        """See `EventStore.last_position`."""
        [(position,)] = self._select("last_position")
        return cast(int, position)

    def holes(self, after: int, limit: int) -> Sequence[Hole]:
        """See `Numbered.holes`."""
        return [Hole(*found) for found in self._select("holes", after, after, after, max(limit, 0))]

    def load_snapshot(self, run_id: RunId) -> Snapshot | None:
        """See `SnapshotStore.load_snapshot`."""
        found = self._select("load_snapshot", run_id)
        return Snapshot(*found[0]) if found else None

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """See `SnapshotStore.save_snapshot`."""
        with self._connections.writer as cursor:
            cursor.execute(_SQL["save_snapshot"], snapshot)

    def close(self) -> None:
        """See `EventStore.close`."""
        self._connections.close()

    def _select(self, name: str, *parameters: str | int) -> list[tuple[Any, ...]]:
        return self._connections.select(_SQL[name], tuple(map(_bounded, parameters)))


def _bounded(value: str | int) -> str | int:
    """Return a number beyond 64 bits, which SQLite does not take, as the largest or least that it does."""
    return value if isinstance(value, str) else max(-_LAST, min(value, _LAST))


def _insert(cursor: sqlite3.Cursor, events: Sequence[NewEvent]) -> tuple[int, ...]:
    run_id = events[0].run_id
    head, digest = cursor.execute(_SQL["head"], (run_id,)).fetchone() or (0, first_digest(run_id))
    check_next(run_id, head, events[0].version)
    positions: list[int] = []
    for _, version, type_, data in events:
        digest = next_digest(digest, run_id, version, type_, data)
        cursor.execute(_SQL["insert_event"], (run_id, version, type_, data, digest))
        positions.append(cast(int, cursor.lastrowid))
    return tuple(positions)


def _insert_if_next(cursor: sqlite3.Cursor, events: Sequence[NewEvent]) -> tuple[int, ...] | None:
    try:
        return _insert(cursor, events)
    except VersionConflict:
        return None


def _new_event(event: StoredEvent) -> NewEvent:
    return NewEvent(cast(RunId, event.originator_id), event.originator_version, event.topic, event.state)


def _migrate(connections: SqliteConnections, place: str) -> tuple[str, ...]:
    """Bring the tables up to date; of several processes that start at once, one does it."""
    with connections.transaction(commit=False) as cursor:
        if not pending("sqlite", _last_migration(cursor), place):
            return ()
    with connections.transaction(commit=True) as cursor:
        steps = pending("sqlite", _last_migration(cursor), place)
        cursor.execute(_SQL["migrations_table"])
        for step in steps:
            _apply(cursor, step)
    return tuple(step.name for step in steps)


def _last_migration(cursor: SQLiteCursor) -> int:
    cursor.execute(_SQL["has_migrations_table"])
    if not cursor.fetchone()[0]:
        return 0
    cursor.execute(_SQL["last_migration"])
    return cast(int, cursor.fetchone()[0])


def _apply(cursor: SQLiteCursor, step: Migration) -> None:
    text = step.text if _STRICT_TABLES else step.text.replace(") STRICT;", ");")
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            cursor.execute(statement)
            statement = ""
    cursor.execute(_SQL["add_migration"], (step.number, step.name))
