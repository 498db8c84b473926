"""Projections in one SQLite file, or in memory: one connection, which the threads of a process take in turns.

Commits are not awaited to reach the disk (`synchronous = NORMAL`): after a loss of power a projection stands a little
further back, rows and position together, and catches up. Tables that were replaced are dropped without writing zeros
over them: the log beside them holds the same.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any, Final, cast

from flexes.errors import StoreUnavailable
from flexes_projections import ddl
from flexes_projections.database import Dialect, Result
from flexes_projections.errors import RowsRefused
from flexes_projections.table import Row, Table, Value

BUSY_TIMEOUT_S: Final = 30.0
_ANALYSED: Final = 1_000
"""Rows of an index that ANALYZE looks at."""
_CACHE_KIB: Final = 16_000
"""Memory for pages and for sorting an index."""

_STRICT: Final = " STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""
_DIALECT: Final = Dialect(
    types={"text": "TEXT", "json": "TEXT", "integer": "INTEGER", "real": "REAL"},
    table_end=_STRICT,
    lock="",
    has_table="SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?",
    for_update="",
)


class SqliteDatabase:
    """A `Database` in a file, made if there is none, or in memory.

    Args:
        path: The file; `:memory:` for one that is gone with the object.
    """

    dialect = _DIALECT

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = RLock()
        with self._reported():
            self._connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(f"PRAGMA analysis_limit = {_ANALYSED}")
            self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._connection.execute("PRAGMA secure_delete = FAST")

    def write(self, work: Callable[["SqliteSession"], Result]) -> Result:
        """See `Database.write`."""
        return self._within("BEGIN IMMEDIATE", work)

    def read(self, work: Callable[["SqliteSession"], Result]) -> Result:
        """See `Database.read`."""
        return self._within("BEGIN", work)

    def close(self) -> None:
        """See `Database.close`."""
        with self._lock:
            self._connection.close()

    def _within(self, begin: str, work: Callable[["SqliteSession"], Result]) -> Result:
        with self._lock, self._reported():
            self._connection.execute(begin)
            try:
                result = work(SqliteSession(self._connection))
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            return result

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreUnavailable(
                f"the projections in {self._path} are not available: {error}: check the file and who else uses it"
            ) from error


class SqliteSession:
    """A `Session` of SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """See `Session.execute`."""
        return self._connection.execute(sql, parameters).rowcount

    def select(self, sql: str, parameters: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """See `Session.select`."""
        return self._connection.execute(sql, parameters).fetchall()

    def stream(self, sql: str, parameters: Sequence[Value] = ()) -> Iterator[tuple[Any, ...]]:
        """See `Session.stream`."""
        return cast(Iterator[tuple[Any, ...]], iter(self._connection.execute(sql, parameters)))

    def insert(self, table: Table, name: str, rows: Sequence[Row]) -> None:
        """See `Session.insert`."""
        self._many(ddl.insert(table, name), rows)

    def upsert(self, table: Table, name: str, rows: Sequence[Row]) -> None:
        """See `Session.upsert`."""
        self._many(ddl.insert(table, name) + ddl.replace(table), rows)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """See `Session.savepoint`."""
        self._connection.execute("SAVEPOINT flexes")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO flexes")
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute("RELEASE flexes")

    def _many(self, sql: str, rows: Sequence[Row]) -> None:
        try:
            self._connection.executemany(sql, rows)
        except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, OverflowError) as error:
            raise RowsRefused(f"SQLite refused the rows: {error}") from error
