"""What is special to the SQLite store."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from flexes.errors import StoreUnavailable
from flexes.ids import RunId
from flexes.store.port import NewEvent
from flexes.store.sqlite import SqliteStore

RUN = RunId("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store with three events."""
    path = tmp_path / "flexes.db"
    with closing(SqliteStore(path)) as store:
        store.append([NewEvent(RUN, version, "Happened", b"%d" % version) for version in (1, 2, 3)])
    return path


@pytest.fixture
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file past the store."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_tools_of_eventsourcing_read_the_tables(path: Path) -> None:
    """The library's own recorder, with ORIGINATOR_ID_TYPE=text, reads runs and the log from our file."""
    datastore = SQLiteDatastore(str(path), originator_id_type="text")
    recorder = SQLiteApplicationRecorder(datastore)
    assert [event.state for event in recorder.select_events(RUN, gt=1)] == [b"2", b"3"]
    assert [(event.id, event.originator_version) for event in recorder.select_notifications(2, 10)] == [
        (2, 2),
        (3, 3),
    ]
    assert recorder.max_notification_id() == 3
    datastore.close()


def test_the_recorder_of_a_store_serves_tools_of_eventsourcing(path: Path) -> None:
    """`recorder` is a recorder of the library on the store's own connections."""
    with closing(SqliteStore(path)) as store:
        assert [event.topic for event in store.recorder.select_events(RUN)] == ["Happened"] * 3


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO stored_events SELECT NULL, originator_id, 2, 'Other', state, digest",
        "INSERT OR REPLACE INTO stored_events SELECT 2, 'other', 1, 'Other', state, digest",
        "INSERT INTO stored_events SELECT NULL, originator_id, 9, 'Other', state, digest",
    ],
    ids=["replace-version", "replace-position", "gap"],
)
def test_replace_and_gaps_are_refused_by_the_file(raw: sqlite3.Connection, statement: str) -> None:
    """INSERT OR REPLACE, which fires no delete trigger, is refused, and so is a version that leaves a gap."""
    with pytest.raises(sqlite3.IntegrityError, match="version after version"):
        raw.execute(f"{statement} FROM stored_events LIMIT 1")
    assert raw.execute("SELECT count(*) FROM stored_events WHERE topic = 'Happened'").fetchone() == (3,)


@pytest.mark.parametrize(("synchronous", "level"), [("full", 2), ("normal", 1)])
def test_commits_are_durable_unless_asked_otherwise(path: Path, synchronous: str, level: int) -> None:
    """The connection that writes has the asked level, FULL by default, and a write-ahead log."""
    with ExitStack() as stack:
        store = stack.enter_context(closing(SqliteStore(path, synchronous=synchronous)))
        cursor = stack.enter_context(store.recorder.datastore.transaction(commit=True))
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == level
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone()[0] == "wal"


def test_a_file_of_a_later_release_is_left_alone(path: Path, raw: sqlite3.Connection) -> None:
    """A file with a migration that this release does not know is refused, with the remedy."""
    raw.execute("INSERT INTO flexes_migrations (number, name) VALUES (999, 'later')")
    with pytest.raises(StoreUnavailable, match="upgrade flexes"):
        SqliteStore(path)


def test_a_locked_file_is_reported_after_the_wait(path: Path, raw: sqlite3.Connection) -> None:
    """A writer that waits too long for another process says what to do; nothing is stored."""
    with closing(SqliteStore(path, busy_timeout_s=0.05)) as store:
        raw.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another process keeps it locked"):
            store.append([NewEvent(RUN, 4, "Happened", b"4")])
        raw.execute("ROLLBACK")
        store.append([NewEvent(RUN, 4, "Happened", b"4")])


def test_a_failed_migration_leaves_no_tables(tmp_path: Path) -> None:
    """Tables of something else with our names are left alone, without half of ours beside them."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE stored_snapshots (mine TEXT)")
        with pytest.raises(StoreUnavailable, match="already exists"):
            SqliteStore(path)
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("stored_snapshots",)]


def test_a_damaged_file_is_reported(path: Path) -> None:
    """Overwritten pages are reported as damage, with the remedy, not as an error of SQLite."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(bytes(content))
    with (
        pytest.raises(StoreUnavailable, match="restore it from a backup"),
        closing(SqliteStore(path)) as store,
    ):
        store.read(RUN)
