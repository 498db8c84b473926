"""The store in a PostgreSQL database: durable, for many processes on many machines."""

import os
from collections.abc import Sequence
from typing import Any, Final

from eventsourcing.utils import strtobool

from flexes.errors import StoreUnavailable
from flexes.ids import RunId
from flexes.store.order import check_sequence
from flexes.store.port import Head, Hole, NewEvent, Row, Snapshot
from flexes.store.postgres_append import Append, BatchAppend, LastDigests
from flexes.store.postgres_connections import SQL, Link, PostgresConnections, rows
from flexes.store.postgres_hints import Announcer, Listener
from flexes.store.statements import pending

MAX_CONNECTIONS: Final = 10
"""Most connections that one store opens for its work; two more carry wake-ups."""

RECONNECT_S: Final = 30.0
"""How long a store tries to reach its server again before that is an error."""

_LAST: Final = 2**63 - 1


class PostgresStore:
    """A `Store` in the first schema of the search path; its tables are made if they are not there.

    While the server is away each call waits and tries again. An append whose acknowledgement was lost is not
    done twice: when its own rows are found stored, that is its success.

    Args:
        url: A libpq URL.
        place: The same without its password, for messages.

    Attributes:
        migrated: Names of the migrations that opening the store applied.
        holes_prove_removal: A sequence never goes back, so an append that failed leaves a hole.

    Raises:
        StoreUnavailable: The database cannot be reached, was written by a later release, or the environment
            asks for writers without a lock.
    """

    def __init__(
        self,
        url: str,
        place: str,
        *,
        max_connections: int = MAX_CONNECTIONS,
        reconnect_s: float = RECONNECT_S,
    ) -> None:
        _refuse_writers_without_lock(place)
        self.holes_prove_removal = False
        self._connections = PostgresConnections(url, place, max_connections=max_connections, reconnect_s=reconnect_s)
        self.migrated, channel = self._connections.open(lambda connection: _prepare(connection, place))
        self._known = LastDigests()
        self._announcer = Announcer(self._connections, channel)
        self._listener = Listener(self._connections, channel)

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """See `EventStore.append`."""
        if not events:
            return ()
        check_sequence(events)
        positions = self._connections.run_append(Append(events, self._known))
        self._announcer.announce()
        return positions

    def append_batch(self, batch: Sequence[Sequence[NewEvent]]) -> Sequence[tuple[int, ...] | None]:
        """See `Batches.append_batch`."""
        positions = self._connections.run_append(BatchAppend(batch, self._known))
        self._announcer.announce()
        return positions

    def read(self, run_id: RunId, after: int = 0, upto: int | None = None) -> Sequence[Row]:
        """See `EventStore.read`."""
        return [Row(*found) for found in self._select("read", run_id, after, _LAST if upto is None else upto)]

    def read_all(self, after: int, limit: int) -> Sequence[Row]:
        """See `EventStore.read_all`."""
        return [Row(*found) for found in self._select("read_all", after, max(limit, 0))]

    def heads(self, limit: int = 1_000, before: int | None = None) -> Sequence[Head]:
        """See `EventStore.heads`."""
        return [Head(*found) for found in self._select("heads", _LAST if before is None else before, max(limit, 0))]

    def last_position(self) -> int:
        """See `EventStore.last_position`."""
        [(position,)] = self._select("last_position")
        return int(position)

    def holes(self, after: int, limit: int) -> Sequence[Hole]:
        """See `Numbered.holes`."""
        given = max(self._connections.run(_last_given), after)
        return [Hole(*found) for found in self._select("holes", after, after, given, max(limit, 0))]

    def wait(self, timeout_s: float) -> None:
        """See `Wakes.wait`."""
        self._listener.wait(timeout_s)

    def load_snapshot(self, run_id: RunId) -> Snapshot | None:
        """See `SnapshotStore.load_snapshot`."""
        found = self._select("load_snapshot", run_id)
        return Snapshot(*found[0]) if found else None

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """See `SnapshotStore.save_snapshot`."""
        self._connections.run(lambda connection: connection.execute(SQL["save_snapshot"], snapshot))

    def close(self) -> None:
        """See `EventStore.close`."""
        self._announcer.close()
        self._listener.close()
        self._connections.close()

    def _select(self, name: str, *parameters: str | int) -> list[tuple[Any, ...]]:
        return self._connections.run(lambda connection: rows(connection, name, *parameters))


def _refuse_writers_without_lock(place: str) -> None:
    """Refuse the setting of `eventsourcing` under which readers of the log miss events."""
    if strtobool(os.environ.get("POSTGRES_ENABLE_DB_FUNCTIONS") or "no"):
        raise StoreUnavailable(
            f"the store {place} is not opened: with POSTGRES_ENABLE_DB_FUNCTIONS eventsourcing takes no lock"
            " and readers miss events: unset it"
        )


def _prepare(connection: Link, place: str) -> tuple[tuple[str, ...], str]:
    """Bring the tables up to date; return what was applied and the channel of their wake-ups."""
    applied = _migrate(connection, place)
    [(channel,)] = rows(connection, "channel")
    return applied, channel


def _migrate(connection: Link, place: str) -> tuple[str, ...]:
    if not pending("postgres", _last_migration(connection), place):
        return ()
    with connection.transaction():
        connection.execute(SQL["lock_migrations"])
        connection.execute(SQL["migrations_table"])
        steps = pending("postgres", rows(connection, "last_migration")[0][0], place)
        for step in steps:
            connection.execute(step.text.encode())
            connection.execute(SQL["add_migration"], (step.number, step.name))
    return tuple(step.name for step in steps)


def _last_migration(connection: Link) -> int:
    [(exists,)] = rows(connection, "has_migrations_table")
    return int(rows(connection, "last_migration")[0][0]) if exists else 0


def _last_given(connection: Link) -> int:
    """Return the last position that was given; while nobody appends, so that none is still to be committed."""
    with connection.transaction():
        connection.execute(SQL["lock_log"])
        [(given,)] = rows(connection, "last_given")
    return given or 0
