"""Looking at a database from outside of what is measured: rows, and bytes on disk."""

import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

_SCHEMAS = "SET search_path = public, dbos"
"""DBOS alone keeps its tables in a schema of its own."""

_SQLITE_SIZE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"

_POSTGRES_SIZE = (
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n"
    " ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
)


class Database:
    """The database that a URL of flexes names; one in memory has no rows and no bytes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._kind = urlsplit(url).scheme

    def count(self, sql: str) -> int:
        """Return the number that a query gives."""
        return self._one(sql)

    def size(self) -> int:
        """Return the bytes of all pages of tables and indexes; what waits in SQLite's log counts as its pages."""
        return self._one(_POSTGRES_SIZE if self._kind == "postgresql" else _SQLITE_SIZE)

    def _one(self, sql: str) -> int:
        if self._kind == "memory":
            return 0
        if self._kind == "sqlite":
            with closing(sqlite3.connect(self._url.removeprefix("sqlite:///"))) as connection:
                return _number(connection.execute(sql).fetchone())
        import psycopg

        with psycopg.connect(self._url) as server:
            server.execute(_SCHEMAS.encode())
            return _number(server.execute(sql.encode()).fetchone())


def _number(row: Any) -> int:
    return int(row[0])
