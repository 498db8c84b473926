"""A place for a test: a log, a way to open databases on its projections, and a way to see all of their rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from flexes.store.memory import MemoryStore
from flexes.store.port import Store
from flexes.store.urls import open_store
from flexes_projections import ddl, registry
from flexes_projections.catalogue import ALL
from flexes_projections.database import Database
from flexes_projections.opening import open_database
from flexes_projections.table import Projection

Rows = dict[str, list[tuple[Any, ...]]]


class Place(NamedTuple):
    """A log with a database for its projections.

    Attributes:
        url: `memory://` where nobody else can see it.
        another: Opens the database once more, as another process would; the same one in memory.
    """

    url: str
    store: Store
    database: Database
    another: Callable[[], Database]


@contextmanager
def memory_place() -> Iterator[Place]:
    """Yield a place in memory."""
    with closing(open_database("memory://")) as database:
        yield Place("memory://", MemoryStore(), database, lambda: database)


@contextmanager
def durable_place(url: str) -> Iterator[Place]:
    """Yield the place that a URL names."""
    with ExitStack() as stack:

        def another() -> Database:
            return stack.enter_context(closing(open_database(url)))

        yield Place(url, stack.enter_context(closing(open_store(url))), another(), another)


@contextmanager
def schema_of(server: str) -> Iterator[str]:
    """Yield the URL of an empty schema of a PostgreSQL server."""
    import psycopg

    schema = f"flexes_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        joint = "&" if "?" in server else "?"
        yield f"{server}{joint}options={quote(f'-csearch_path={schema}')}"
        connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())


def rows_seen(database: Database, projections: Sequence[Projection] = ALL) -> Rows:
    """Return all rows that readers see, by table, in the order of their keys."""
    tables = [table for projection in projections for table in projection.tables]
    return database.read(
        lambda session: {table.name: session.select(ddl.in_key_order(table, ddl.view_name(table))) for table in tables}
    )


def documents(rows: Rows, projection: Projection) -> list[dict[str, Any]]:
    """Return the rows of a projection's first table by column."""
    table = projection.tables[0]
    return [dict(zip(table.names, row, strict=True)) for row in rows[table.name]]


def live(database: Database, name: str) -> registry.Generation:
    """Return the generation of a projection that readers see."""
    found = registry.in_phase(database.read(registry.generations), name, "live")
    assert found is not None
    return found
