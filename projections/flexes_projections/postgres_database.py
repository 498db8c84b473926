"""Projections in a PostgreSQL database: bulk rows by COPY, replaced ones in one statement.

Commits are not awaited to reach the disk: after a loss of power a projection stands a little further back, rows and
position together, and catches up.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import psycopg

from flexes.store.postgres_connections import Link, PostgresConnections
from flexes_projections import ddl
from flexes_projections.database import Dialect, Result
from flexes_projections.errors import RowsRefused
from flexes_projections.table import Kind, Row, Table, Value

RECONNECT_S: Final = 30.0
"""How long to try again when the server is away."""

_MAX_CONNECTIONS: Final = 4
_STREAMED: Final = 5_000
_ARRAYS: Final[dict[Kind, str]] = {"text": "text", "json": "text", "integer": "bigint", "real": "double precision"}
_COPIED: Final[dict[Kind, str]] = {"text": "text", "json": "text", "integer": "int8", "real": "float8"}
_DIALECT: Final = Dialect(
    types={"text": 'text COLLATE "C"', "json": 'text COLLATE "C"', "integer": "bigint", "real": "double precision"},
    table_end="",
    lock="SELECT pg_advisory_xact_lock(1718379896, 1)",
    has_table="SELECT 1 WHERE to_regclass(?) IS NOT NULL",
    for_update=" FOR UPDATE",
)


class PostgresDatabase:
    """A `Database` in the first schema of the search path.

    Args:
        url: A libpq URL.
        place: The same without its password, for messages.
    """

    dialect = _DIALECT

    def __init__(self, url: str, place: str) -> None:
        self._connections = PostgresConnections(url, place, max_connections=_MAX_CONNECTIONS, reconnect_s=RECONNECT_S)
        self._connections.open(lambda _connection: None)

    def write(self, work: Callable[["PostgresSession"], Result]) -> Result:
        """See `Database.write`."""

        def within(connection: Link) -> Result:
            with connection.transaction():
                connection.execute("SET LOCAL synchronous_commit TO off")
                return work(PostgresSession(connection))

        return self._connections.run(within)

    def read(self, work: Callable[["PostgresSession"], Result]) -> Result:
        """See `Database.read`."""

        def within(connection: Link) -> Result:
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                return work(PostgresSession(connection))

        return self._connections.run(within)

    def close(self) -> None:
        """See `Database.close`."""
        self._connections.close()


class PostgresSession:
    """A `Session` of PostgreSQL."""

    def __init__(self, connection: Link) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """See `Session.execute`."""
        return self._connection.execute(_translated(sql), parameters).rowcount

    def select(self, sql: str, parameters: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """See `Session.select`."""
        return self._connection.execute(_translated(sql), parameters).fetchall()

    def stream(self, sql: str, parameters: Sequence[Value] = ()) -> Iterator[tuple[Any, ...]]:
        """See `Session.stream`."""
        with self._connection.cursor(name="flexes_stream") as cursor:
            cursor.itersize = _STREAMED
            cursor.execute(_translated(sql), parameters)
            yield from cursor

    def insert(self, table: Table, name: str, rows: Sequence[Row]) -> None:
        """See `Session.insert`."""
        self._storable(rows, lambda storable: self._copy(table, name, storable))

    def upsert(self, table: Table, name: str, rows: Sequence[Row]) -> None:
        """See `Session.upsert`."""
        self._storable(rows, lambda storable: self._replace(table, name, storable))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """See `Session.savepoint`."""
        with self._connection.transaction():
            yield

    def _storable(self, rows: Sequence[Row], write: Callable[[Sequence[Row]], None]) -> None:
        """Write the rows; PostgreSQL keeps no NUL in a text, so where there is one, a replacement character."""
        try:
            try:
                with self._connection.transaction():
                    write(rows)
            except psycopg.DataError:
                with self._connection.transaction():
                    write([_without_nul(row) for row in rows])
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise RowsRefused(f"PostgreSQL refused the rows: {' '.join(str(error).split())}") from error

    def _copy(self, table: Table, name: str, rows: Sequence[Row]) -> None:
        columns = ", ".join(table.names)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT BINARY)".encode()) as copy,
        ):
            copy.set_types([_COPIED[column.kind] for column in table.columns])
            for row in rows:
                copy.write_row(row)

    def _replace(self, table: Table, name: str, rows: Sequence[Row]) -> None:
        arrays = ", ".join(f"%b::{_ARRAYS[column.kind]}[]" for column in table.columns)
        sql = f"INSERT INTO {name} ({', '.join(table.names)}) SELECT * FROM unnest({arrays}){ddl.replace(table)}"
        self._connection.execute(sql.encode(), [list(values) for values in zip(*rows, strict=True)])


@cache
def _translated(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


def _without_nul(row: Row) -> Row:
    return tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)
