"""Ways to append three events of 400 bytes at a time: the floor, the stock recorder of `eventsourcing`, and flexes.

The floor is one INSERT and one commit of the same bytes. The stock recorder has its own defaults and tables.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from flexes.ids import RunId
from flexes.store.port import NewEvent
from flexes.store.urls import open_store

EVENTS = 3
DATA = b'{"output":"' + b"x" * 387 + b'"}'
TYPE = "NodeCompleted"

Append = Callable[[UUID, int], Any]
"""Appends the next events of a run, from a version on; for several threads, except the floor."""


@contextmanager
def opened(name: str, url: str, *, is_new: bool = True) -> Iterator[Append]:
    """Open a contender on a database; on a new one the stock recorder makes its tables, which only one process can."""
    if name == "floor":
        with _floor(url) as insert:
            yield lambda _run, _first: insert(DATA * EVENTS)
    elif name == "stock":
        with _stock(url, is_new) as recorder:
            yield lambda run, first: recorder.insert_events(
                [StoredEvent(run, first + step, TYPE, DATA) for step in range(EVENTS)]
            )
    else:
        own = f"{url}{'&' if '?' in url else '?'}coalesce={'on' if name == 'coalescing' else 'off'}"
        with closing(open_store(own)) as store:
            yield lambda run, first: store.append(
                [NewEvent(RunId(str(run)), first + step, TYPE, DATA) for step in range(EVENTS)]
            )


@contextmanager
def _floor(url: str) -> Iterator[Callable[[bytes], Any]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_path(url), isolation_level=None, check_same_thread=False)) as file:
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA synchronous = FULL")
            file.execute("CREATE TABLE floor (id INTEGER PRIMARY KEY, data BLOB NOT NULL)")
            yield lambda data: file.execute("INSERT INTO floor (data) VALUES (?)", (data,))
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        server.execute("CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data bytea NOT NULL)")
        yield lambda data: server.execute(b"INSERT INTO floor (data) VALUES (%b)", (data,))


@contextmanager
def _stock(url: str, is_new: bool) -> Iterator[Any]:
    if url.startswith("sqlite"):
        from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

        with closing(SQLiteDatastore(str(_path(url)))) as file:
            recorder = SQLiteApplicationRecorder(file)
            if is_new:
                recorder.create_table()
            yield recorder
        return
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(url)
    where = [str(parts.get(key, default)) for key, default in _PARTS.items()]
    with PostgresDatastore(*where) as server:
        stock = PostgresApplicationRecorder(server)
        if is_new:
            stock.create_table()
        yield stock


_PARTS = {"dbname": "", "host": "localhost", "port": 5432, "user": "", "password": ""}


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
