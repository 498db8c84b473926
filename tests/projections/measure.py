"""Measure a rebuild by hand: `python -m tests.projections.measure URL EVENTS`; the store must be empty or be that long.

Prints the rate of the rebuild and its peak memory, the floor (read, parse and bulk insert of the same rows), and how
long questions to the audit log take.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from tests.projections.logs import copies
from tests.projections.places import live

from flexes.store.port import Store
from flexes.store.urls import open_store
from flexes_projections import ddl
from flexes_projections.audit_query import AuditQuestion, audit
from flexes_projections.catalogue import ALL
from flexes_projections.database import Database
from flexes_projections.filling import Workers, most_workers
from flexes_projections.opening import open_database
from flexes_projections.pace import BATCH
from flexes_projections.rebuild import rebuild

QUESTIONS = (
    {"policy": "budget", "outcome": "matched"},
    {"action": "hitl"},
    {"node": "draft", "plan_version": 2},
    {"outcome": "invalid"},
    {"policy": "nobody"},
)
MEGABYTE = 1024.0
WORKERS = resource.RUSAGE_CHILDREN


def main(url: str, events: int) -> None:
    """Measure, and print."""
    store, database = open_store(url), open_database(url)
    copies(store, events)
    with timed(f"rebuild of {store.last_position():,} events"):
        rebuild(store, database, workers=Workers(url, most_workers()))
    own, largest = (resource.getrusage(whose).ru_maxrss / MEGABYTE for whose in (resource.RUSAGE_SELF, WORKERS))
    print(f"peak memory {own:.0f} MB, of the largest worker {largest:.0f} MB")
    with timed("floor: read and parse"):
        parse(store)
    floor(database, open_database(url))
    for question in QUESTIONS:
        with timed(f"audit {question}"):
            list(audit(database, AuditQuestion.model_validate(question), limit=100))


def parse(store: Store) -> None:
    """Read and parse every event."""
    after = 0
    while rows := store.read_all(after, BATCH):
        for row in rows:
            orjson.loads(row.data)
        after = rows[-1].position


def floor(database: Database, reading: Database) -> None:
    """Insert the same rows once more, in bulk, and time only that."""
    seconds = 0.0
    for projection in ALL:
        for table in projection.tables:
            source = ddl.table_name(table, live(database, projection.name).generation)
            copy = f"floor_{table.name}"
            database.write(lambda s, t=table, c=copy: s.execute(ddl.create_table(t, c, database.dialect)))  # type: ignore[misc]
            query = ddl.in_key_order(table, source) + " LIMIT ? OFFSET ?"
            offset = 0
            while rows := reading.read(lambda s, q=query, o=offset: s.select(q, (BATCH * 5, o))):  # type: ignore[misc]
                began = time.perf_counter()
                database.write(lambda s, t=table, c=copy, r=rows: s.insert(t, c, r))  # type: ignore[misc]
                seconds += time.perf_counter() - began
                offset += len(rows)
            began = time.perf_counter()
            database.write(lambda s, t=table, c=copy: [s.execute(each) for each in ddl.create_indexes(t, c)])  # type: ignore[misc]
            seconds += time.perf_counter() - began
            database.write(lambda s, c=copy: s.execute(f"DROP TABLE {c}"))  # type: ignore[misc]
    print(f"floor: bulk insert and indexes: {seconds:.2f} s")


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long it took, on the clock and on the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what}: {time.perf_counter() - wall:.2f} s ({time.process_time() - cpu:.2f} s of CPU)", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
