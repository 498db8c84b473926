"""The one connection of a process that writes to a SQLite file; its threads take turns, and so do processes.

SQLite itself makes a process wait longer each time that it finds another one writing, up to a tenth of a second: of
many writers a few write, and the others starve. Here all who wait ask again at the same short intervals.
"""

import sqlite3
import time
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final

from flexes.errors import StoreUnavailable
from flexes.store.sqlite_busy import execute_when_free
from flexes.store.sqlite_errors import unavailable

_PAUSE_S: Final = 0.003
"""Between two attempts to begin: some commits long, so that many who wait leave the processors to who writes."""


class SqliteWriter:
    """A write transaction, `with writer as cursor:`, that commits at the end of the block unless the block fails.

    One object serves all transactions of a process: a generator for each would cost as much as a small append.
    Every error of SQLite leaves the block as `StoreUnavailable`.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, busy_timeout_s: float) -> None:
        self._connection = connection
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._connection.execute("PRAGMA busy_timeout = 0")
        self._lock = Lock()
        self._closed = False

    def __enter__(self) -> sqlite3.Cursor:
        """Wait for all other writers, and begin.

        Raises:
            StoreUnavailable: They took too long, SQLite could not begin, or the writer is closed.
        """
        deadline = time.monotonic() + self._busy_timeout_s
        if not self._lock.acquire(timeout=self._busy_timeout_s):
            raise StoreUnavailable(f"the store {self._path} is busy: another thread of this process keeps writing")
        try:
            if self._closed:
                raise StoreUnavailable(f"the store {self._path} is closed: open it again")
            return execute_when_free(self._connection, "BEGIN IMMEDIATE", pause_s=_PAUSE_S, until=deadline)
        except BaseException as error:
            self._lock.release()
            if isinstance(error, sqlite3.Error):
                raise unavailable(self._path, error) from error
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit, or take everything back."""
        try:
            if error is None:
                self._connection.execute("COMMIT")
            elif isinstance(error, sqlite3.Error):
                raise unavailable(self._path, error) from error
        except sqlite3.Error as failed:
            raise unavailable(self._path, failed) from failed
        finally:
            if self._connection.in_transaction:
                self._connection.rollback()
            self._lock.release()

    def close(self) -> None:
        """Close the connection, once the transaction under way has ended; again is allowed."""
        with self._lock:
            self._closed = True
            self._connection.close()
