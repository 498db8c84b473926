"""The connections to one SQLite file: one writer at a time, as many readers as there are threads.

The pool of `eventsourcing` is not used: its readers queue behind a waiting writer, its connections cache one
statement, and it keeps its writer lock for ever when a connection cannot be made.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from eventsourcing.sqlite import SQLiteCursor, SQLiteDatastore

from flexes.errors import StoreUnavailable
from flexes.store.sqlite_busy import execute_when_free
from flexes.store.sqlite_errors import unavailable
from flexes.store.sqlite_writer import SqliteWriter

SYNCHRONOUS: Final = {"full": "FULL", "normal": "NORMAL"}
"""How a commit reaches the disk: `full` survives a loss of power, `normal` may lose the last commits then."""

_WAL_RETRY_S: Final = 0.02


class SqliteConnections(SQLiteDatastore):
    """The datastore that the SQLite recorders of `eventsourcing` ask for a transaction.

    Every error of SQLite leaves it as `StoreUnavailable`.

    Attributes:
        writer: The write transaction; `with connections.writer as cursor:`.
    """

    def __init__(self, path: Path, *, synchronous: str, busy_timeout_s: float) -> None:
        super().__init__(str(path), originator_id_type="text")
        self._path = path
        self._synchronous = SYNCHRONOUS[synchronous]
        self._busy_timeout_s = busy_timeout_s
        self._idle: list[sqlite3.Connection] = []
        self._closed = True
        self.writer = SqliteWriter(self._connect(), path, busy_timeout_s)
        self._closed = False

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Yield a cursor for reading, or inside a write transaction that is committed at the end.

        Raises:
            StoreUnavailable: SQLite could not do it, or the store is closed.
        """
        with self.writer if commit else self._reading() as cursor:
            yield SQLiteCursor(cursor)

    def select(self, statement: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Return what a query finds.

        Raises:
            StoreUnavailable: SQLite could not do it, or the store is closed.
        """
        with self._reading() as cursor:
            return cursor.execute(statement, parameters).fetchall()

    def close(self) -> None:
        """Close every connection, those in use when their user is done."""
        if self.__dict__.get("_closed", True):
            return
        self._closed = True
        self.writer.close()
        self._close_idle()
        super().close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        self._check_open()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection.cursor()
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error
        finally:
            self._idle.append(connection)
            if self._closed:
                self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"the store {self._path} is closed: open it again")

    def _connect(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            self._use_wal(connection)
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.row_factory = sqlite3.Row
        except BaseException:
            connection.close()
            raise
        return connection

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Switch the file to its write-ahead log; SQLite does not wait when several do so at once."""
        until = time.monotonic() + self._busy_timeout_s
        switched = execute_when_free(connection, "PRAGMA journal_mode = WAL", pause_s=_WAL_RETRY_S, until=until)
        if switched.fetchone()[0] != "wal":
            raise StoreUnavailable(
                f"the store {self._path} is not available: its file system has no write-ahead log: move it"
            )
