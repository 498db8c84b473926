"""From a store's URL to the store; only the store that a URL names is imported."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from flexes.errors import StoreUnavailable, UnknownStore
from flexes.store.port import BatchStore, Store

FORMS: Final = (
    "memory://",
    "sqlite:///path (relative)",
    "sqlite:////absolute/path",
    "postgresql://user:password@host/database",
)
"""The store URLs that flexes knows; SQLite also takes `?synchronous=full|normal`, both databases `?coalesce=on|off`."""

_COALESCE: Final = {"off": False, "on": True}

_PASSWORDS: Final = re.compile(r"(?<=://)([^:@/?#]*):.*@|(?<=[?&]password=)[^&]*")


def open_store(url: str) -> Store:
    """Open the store that a URL names; its tables are made, or brought up to date, if need be.

    Args:
        url: One of `FORMS`. With `coalesce=on` among its options, one transaction holds the appends of all threads
            that wait for their turn, see `CoalescingStore`.

    Raises:
        UnknownStore: The URL has another form than those of `FORMS`.
        StoreUnavailable: The database cannot be opened or reached.
    """
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme not in _OPENERS:
        raise UnknownStore(f"{redacted(url)!r} names no store that flexes has: use {', '.join(FORMS)}")
    is_coalesced = _is_coalesced(url)
    store = _OPENERS[scheme](database_url(url))
    return _coalescing(store, url) if is_coalesced else store


def database_url(url: str) -> str:
    """Return the URL without what is about the store and not about its database."""
    place, _, query = url.partition("?")
    kept = [option for option in query.split("&") if option and not option.startswith("coalesce=")]
    return "?".join([place, "&".join(kept)]) if kept else place


def redacted(url: str) -> str:
    """Return the URL with `***` for a password, fit for messages."""
    return _PASSWORDS.sub(lambda found: "***" if found[1] is None else f"{found[1]}:***@", url)


def _is_coalesced(url: str) -> bool:
    value = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True)).get("coalesce", "off").lower()
    if value not in _COALESCE:
        raise UnknownStore(f"{redacted(url)!r}: coalesce is {value!r}: use {' or '.join(_COALESCE)}")
    return _COALESCE[value]


def _coalescing(store: Store, url: str) -> Store:
    from flexes.store.coalescing_store import CoalescingStore

    if isinstance(store, BatchStore):
        return CoalescingStore(store)
    raise UnknownStore(f"{url!r}: a store in memory flushes nothing that could be shared: leave coalesce away")


def _open_memory(url: str) -> Store:
    from flexes.store.memory import MemoryStore

    if url.partition("://")[2]:
        raise UnknownStore(f"{url!r}: a store in memory has no name: use memory://")
    return MemoryStore()


def _open_sqlite(url: str) -> Store:
    from flexes.store.sqlite import SqliteStore

    parts = urlsplit(url)
    path = unquote(parts.path).removeprefix("/")
    if parts.netloc:
        raise UnknownStore(f"{url!r}: the path follows three slashes: use sqlite:///{parts.netloc}{parts.path}")
    if not path:
        raise UnknownStore(f"{url!r} names no file: use sqlite:///flexes.db, or sqlite:////var/lib/flexes.db")
    if path == ":memory:":
        raise UnknownStore(f"{url!r}: SQLite in memory is not shared by connections: use memory://")
    return SqliteStore(Path(path), synchronous=_synchronous(url, parts.query))


def _synchronous(url: str, query: str) -> str:
    from flexes.store.sqlite_connections import SYNCHRONOUS

    options = dict(parse_qsl(query, keep_blank_values=True))
    value = options.pop("synchronous", "full").lower()
    if options:
        raise UnknownStore(
            f"{url!r} has an unknown option {next(iter(options))!r}: SQLite takes only synchronous and coalesce"
        )
    if value not in SYNCHRONOUS:
        raise UnknownStore(f"{url!r}: synchronous is {value!r}: use {' or '.join(SYNCHRONOUS)}")
    return value


def _open_postgres(url: str) -> Store:
    try:
        from flexes.store.postgres import PostgresStore
    except ImportError as error:
        raise StoreUnavailable(
            f"the store {redacted(url)} needs psycopg ({error}): pip install 'flexes[postgres]'"
        ) from error
    return PostgresStore(url, redacted(url))


_OPENERS: Final[Mapping[str, Callable[[str], Store]]] = {
    "memory": _open_memory,
    "sqlite": _open_sqlite,
    "postgresql": _open_postgres,
    "postgres": _open_postgres,
}
