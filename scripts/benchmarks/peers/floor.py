"""The floor: for each node one INSERT and one commit, of the very bytes that flexes stores for it.

The bytes come from a run of flexes in memory. SQLite writes ahead and flushes each commit (`synchronous` FULL);
PostgreSQL is one psycopg connection in autocommit, `synchronous_commit` on.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import cycle, groupby, islice
from typing import Any

from flexes import Flexes
from flexes.ids import RunId
from peers.flexes import Application, envelope, planner
from peers.work import Output, Run, Stopwatch, Took, threaded

ROWS = "SELECT count(*) FROM floor"

SAMPLE = 1_000
"""Of so many nodes the bytes are taken; a longer run repeats them."""

_TABLE = "CREATE TABLE IF NOT EXISTS floor (id {id} PRIMARY KEY, data {bytes} NOT NULL)"
_SQLITE = _TABLE.format(id="INTEGER", bytes="BLOB")
_POSTGRES = _TABLE.format(id="bigint GENERATED ALWAYS AS IDENTITY", bytes="bytea")


@contextmanager
def runner(url: str, outputs: Sequence[Output], form: str) -> Iterator[Run]:  # noqa: ARG001
    """Make the table and yield what inserts a row for each node."""
    with _inserting(url) as insert:
        yield threaded(lambda nodes: _timed(insert, commits_of(nodes, outputs)))


def commits_of(nodes: int, outputs: Sequence[Output]) -> list[bytes]:
    """Return what flexes stores for each node that ends: the bytes of the events of its commit."""
    stored = asyncio.run(_stored(min(nodes, SAMPLE), outputs))
    commits = [[*group] for _, group in groupby(stored, key=lambda event: event[0])]
    found = [b"".join(data for _, _, data in commit) for commit in commits if commit[0][1] == "NodeCompleted"]
    return [*islice(cycle(found), nodes)]


async def _stored(nodes: int, outputs: Sequence[Output]) -> list[tuple[str, str, bytes]]:
    """Return the events of a run in memory: command, type and bytes."""
    application = Application(outputs)
    async with Flexes.open("memory://", registry=application.registry, planner=planner) as flexes:
        report = await flexes.run(envelope(nodes))
        events, rows = flexes.events(report.id), flexes.store.read(RunId(report.id))
    return [(event.command_id, row.type, row.data) for event, row in zip(events, rows, strict=True)]


def _timed(insert: Callable[[bytes], Any], commits: Sequence[bytes]) -> Took:
    watch = Stopwatch()
    for data in commits:
        insert(data)
    return watch.stop()


@contextmanager
def _inserting(url: str) -> Iterator[Callable[[bytes], Any]]:
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(_SQLITE)
            yield lambda data: connection.execute("INSERT INTO floor (data) VALUES (?)", (data,))
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        server.execute(_POSTGRES.encode())
        yield lambda data: server.execute(b"INSERT INTO floor (data) VALUES (%b)", (data,))
