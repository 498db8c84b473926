"""From a URL to the database that keeps projections; the store of the events itself by default."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from flexes.errors import StoreUnavailable, UnknownStore
from flexes.store.urls import FORMS, database_url, redacted
from flexes_projections.database import Database
from flexes_projections.sqlite_database import SqliteDatabase


def open_database(url: str) -> Database:
    """Open the database that a store URL names; `memory://` is an SQLite database of its own in memory.

    Raises:
        UnknownStore: The URL has another form than those of a store.
        StoreUnavailable: The database cannot be opened or reached.
    """
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme == "memory":
        return SqliteDatabase(":memory:")
    if scheme == "sqlite":
        return SqliteDatabase(str(_path(url)))
    if scheme in ("postgresql", "postgres"):
        return _postgres(url)
    raise UnknownStore(f"{redacted(url)!r} names no store that flexes has: use {', '.join(FORMS)}")


def _path(url: str) -> Path:
    parts = urlsplit(url)
    path = unquote(parts.path).removeprefix("/")
    if parts.netloc or not path:
        raise UnknownStore(f"{url!r} names no file: use sqlite:///flexes.db, or sqlite:////var/lib/flexes.db")
    return Path(path)


def _postgres(url: str) -> Database:
    try:
        from flexes_projections.postgres_database import PostgresDatabase
    except ImportError as error:
        raise StoreUnavailable(
            f"the store {redacted(url)} needs psycopg ({error}): pip install 'flexes[postgres]'"
        ) from error
    return PostgresDatabase(database_url(url), redacted(url))
