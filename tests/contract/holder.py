"""A writer in a process of its own that never commits: `python holder.py URL RUN` appends, prints and waits."""

import sqlite3
import sys
from contextlib import closing

from flexes.store.urls import database_url


def hold_sqlite(path: str, run: str) -> None:
    """Keep the write lock of a file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        file.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state, digest)"
            " VALUES (?, 1, 'Held', X'00', zeroblob(32))",
            (run,),
        )
        wait()


def hold_postgres(url: str, run: str) -> None:
    """Keep the lock under which all append."""
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute(
            b"SELECT flexes_append(%s, 1, NULL, ARRAY['Held'], ARRAY['x'::bytea], ARRAY[sha256('')])", (run,)
        )
        wait()


def wait() -> None:
    """Say that the lock is held, and keep it until killed."""
    print("holding", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    _, given, run_id = sys.argv
    place = database_url(given)
    if place.startswith("sqlite"):
        hold_sqlite(place.removeprefix("sqlite:///"), run_id)
    else:
        hold_postgres(place, run_id)
