"""The stock `ProjectionRunner` of `eventsourcing` with the work of flexes: the same rows of the same events.

Its application holds the stored events as they are; for each, its view makes the rows of every projection and writes
them and the tracking in one transaction, as that library does it. A database of SQLite cannot be subscribed to there,
so then the application keeps its events in memory, which spares it reading them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder

from flexes.ids import RunId
from flexes.store.memory import MemoryStore
from flexes.store.port import Row
from flexes_projections import ddl
from flexes_projections.catalogue import ALL
from flexes_projections.folding import Folding
from flexes_projections.postgres_database import PostgresDatabase
from flexes_projections.sqlite_database import SqliteDatabase
from flexes_projections.table import Table, made
from peers.eventsourcing import environment

PATIENCE_S = 600.0
TABLES = [table for projection in ALL for table in projection.tables]


@dataclass(frozen=True)
class Stored(DomainEvent):
    """A stored event of a run, as it is."""

    type: str
    data: str
    digest: str


class Log(Application[UUID]):
    """The application that holds the log."""

    name = "log"


class SqliteView(SQLiteTrackingRecorder):
    """The tables of the projections in SQLite."""

    def _create_table(self, c: Any) -> None:
        super()._create_table(c)
        for statement in _create(SqliteDatabase.dialect):
            c.execute(statement)

    def put(self, rows: Sequence[tuple[Table, Any]], tracking: Tracking) -> None:
        """Write rows and tracking in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for table, row in rows:
                cursor.execute(_write(table), row)


class PostgresView(PostgresTrackingRecorder):
    """The tables of the projections in PostgreSQL."""

    def create_table(self) -> None:
        """Make the tables."""
        super().create_table()
        with self.datastore.transaction(commit=True) as cursor:
            for statement in _create(PostgresDatabase.dialect):
                cursor.execute(statement.encode())

    def put(self, rows: Sequence[tuple[Table, Any]], tracking: Tracking) -> None:
        """Write rows and tracking in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for table, row in rows:
                cursor.execute(_write(table).replace("?", "%s").encode(), row, prepare=True)


class Rows(Projection[Any]):
    """All projections as one of that library."""

    name = "rows"

    def __init__(self, view: Any) -> None:
        super().__init__(view)
        self._folding = Folding(MemoryStore())

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Make the rows of one event and write them."""
        run_id, version = RunId(str(domain_event.originator_id)), domain_event.originator_version
        data, digest = domain_event.data.encode(), bytes.fromhex(domain_event.digest)
        fact = self._folding.fact(Row(tracking.notification_id, run_id, version, domain_event.type, data, digest))
        self.view.put([(table, made(row)) for each in ALL for table, row in each.rows_of(fact)], tracking)


def seconds_an_event(url: str, rows: Sequence[Row]) -> float:
    """Return how long the runner takes for an event of a log in an empty database."""
    is_sqlite = url.startswith("sqlite")
    env = {f"ROWS_{key}": value for key, value in environment(url).items()}
    env |= {} if is_sqlite else {f"LOG_{key}": value for key, value in environment(url).items()}
    if not is_sqlite:
        _append(Log(env=env), rows)
    view: Any = SqliteView if is_sqlite else PostgresView
    runner: Any = ProjectionRunner
    began = time.perf_counter()
    with runner(application_class=Log, projection_class=Rows, view_class=view, env=env) as running:
        if is_sqlite:
            _append(running.app, rows)
        running.wait(len(rows), timeout=PATIENCE_S)
        return (time.perf_counter() - began) / len(rows)


def _append(application: Log, rows: Sequence[Row]) -> None:
    events = [
        Stored(UUID(row.run_id), row.version, Stored.create_timestamp(), row.type, row.data.decode(), row.digest.hex())
        for row in rows
    ]
    for first in range(0, len(events), 100):
        application.recorder.insert_events([application.mapper.to_stored_event(e) for e in events[first : first + 100]])


def _create(dialect: Any) -> list[str]:
    made_now = [ddl.create_table(table, table.name, dialect) for table in TABLES]
    return [*made_now, *(each for table in TABLES for each in ddl.create_indexes(table, table.name))]


def _write(table: Table) -> str:
    return ddl.insert(table, table.name) + ("" if table.appends else ddl.replace(table))
