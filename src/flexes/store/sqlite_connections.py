"""The connections to one SQLite file: one writer at a time, as many readers as there are threads.

The pool of `eventsourcing` is not used: its readers queue behind a waiting writer, its connections cache one
statement, and it keeps its writer lock for ever when a connection cannot be made.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

from eventsourcing.sqlite import SQLiteCursor, SQLiteDatastore

from flexes.errors import StoreUnavailable

SYNCHRONOUS: Final = {"full": "FULL", "normal": "NORMAL"}
"""How a commit reaches the disk: `full` survives a loss of power, `normal` may lose the last commits then."""

_WAL_RETRY_S: Final = 0.02

_REMEDIES: Final = {
    sqlite3.SQLITE_BUSY: "another process keeps it locked: end it, or wait and try again",
    sqlite3.SQLITE_CANTOPEN: "check that its folder exists and is writable, and that it names a file",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable",
    sqlite3.SQLITE_PERM: "make the file and its folder writable",
    sqlite3.SQLITE_FULL: "free space on the disk",
    sqlite3.SQLITE_NOTADB: "the file holds something else: name another file",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it from a backup",
}


class SqliteConnections(SQLiteDatastore):
    """The datastore that the SQLite recorders of `eventsourcing` ask for a transaction.

    Every error of SQLite leaves it as `StoreUnavailable`.
    """

    def __init__(self, path: Path, *, synchronous: str, busy_timeout_s: float) -> None:
        super().__init__(str(path), originator_id_type="text")
        self._path = path
        self._synchronous = SYNCHRONOUS[synchronous]
        self._busy_timeout_s = busy_timeout_s
        self._write_lock = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = True
        with self._reported():
            self._writer = self._connect()
        self._closed = False

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Yield a cursor for reading, or inside a write transaction that is committed at the end.

        Raises:
            StoreUnavailable: SQLite could not do it, or the store is closed.
        """
        with self._reported(), self._writing() if commit else self._reading() as cursor:
            yield SQLiteCursor(cursor)

    def close(self) -> None:
        """Close every connection, those in use when their user is done."""
        if self.__dict__.get("_closed", True):
            return
        with self._write_lock:
            self._closed = True
            self._writer.close()
        self._close_idle()
        super().close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        if not self._write_lock.acquire(timeout=self._busy_timeout_s):
            raise StoreUnavailable(f"the store {self._path} is busy: another thread of this process keeps writing")
        try:
            self._check_open()
            cursor = self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.rollback()
                raise
        finally:
            self._write_lock.release()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        self._check_open()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection.cursor()
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
        deadline = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_WAL_RETRY_S)
            else:
                break
        if mode != "wal":
            raise StoreUnavailable(
                f"the store {self._path} is not available: its file system has no write-ahead log: move it"
            )

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
            remedy = _REMEDIES.get(primary, "see the message of SQLite")
            raise StoreUnavailable(f"the store {self._path} is not available: {error}: {remedy}") from error
