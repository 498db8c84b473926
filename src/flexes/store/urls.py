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
"""The store URLs that flexes knows; SQLite also takes `?synchronous=full|normal`, both databases the `SWITCHES`."""

SWITCHES: Final = ("compress", "coalesce")
"""Options that are `off` unless they are `on`: what stands before the store, the first one next to it."""

_STATES: Final = {"off": False, "on": True}

_PASSWORDS: Final = re.compile(r"(?<=://)([^:@/?#]*):.*@|(?<=[?&]password=)[^&]*")


def open_store(url: str) -> Store:
    """Open the store that a URL names; its tables are made, or brought up to date, if need be.

    Args:
        url: One of `FORMS`. With `coalesce=on` among its options, one transaction holds the appends of all threads
            that wait for their turn, see `CoalescingStore`; with `compress=on`, see `CompressingStore`.

    Raises:
        UnknownStore: The URL has another form than those of `FORMS`.
        StoreUnavailable: The database cannot be opened or reached.
    """
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme not in _OPENERS:
        raise UnknownStore(f"{redacted(url)!r} names no store that flexes has: use {', '.join(FORMS)}")
    switched_on = [name for name in SWITCHES if _is_on(url, name)]
    store = _OPENERS[scheme](database_url(url))
    for name in switched_on:
        if not isinstance(store, BatchStore):
            raise UnknownStore(f"{url!r}: a store in memory has no disk to spare: leave {name} away")
        store = _BEFORE[name](store)
    return store


def database_url(url: str) -> str:
    """Return the URL without what is about the store and not about its database."""
    place, _, query = url.partition("?")
    kept = [option for option in query.split("&") if option and option.partition("=")[0] not in SWITCHES]
    return "?".join([place, "&".join(kept)]) if kept else place


def redacted(url: str) -> str:
    """Return the URL with `***` for a password, fit for messages."""
    return _PASSWORDS.sub(lambda found: "***" if found[1] is None else f"{found[1]}:***@", url)


def _is_on(url: str, name: str) -> bool:
    value = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True)).get(name, "off").lower()
    if value not in _STATES:
        raise UnknownStore(f"{redacted(url)!r}: {name} is {value!r}: use {' or '.join(_STATES)}")
    return _STATES[value]


def _coalescing(store: BatchStore) -> BatchStore:
    from flexes.store.coalescing_store import CoalescingStore

    return CoalescingStore(store)


def _compressing(store: BatchStore) -> BatchStore:
    from flexes.store.compressing_store import CompressingStore

    return CompressingStore(store)


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
            f"{url!r} has an unknown option {next(iter(options))!r}: SQLite takes only synchronous, "
            f"{' and '.join(SWITCHES)}"
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

_BEFORE: Final[Mapping[str, Callable[[BatchStore], BatchStore]]] = {
    "compress": _compressing,
    "coalesce": _coalescing,
}
