"""The places that the contract suite runs over: a test that asks for `url` or `store` runs on each store."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from flexes.store.port import Store
from flexes.store.urls import open_store

DURABLE = ("sqlite",)
"""Stores that outlive a process; the others are asked only for what a process can see."""


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
    with ExitStack() as stack:
        connection = sqlite3.connect(durable_url.removeprefix("sqlite:///"), isolation_level=None)
        stack.callback(connection.close)
        yield lambda statement: connection.execute(statement).close()


@pytest.fixture
def unprotected(raw: Callable[[str], None]) -> Callable[[str], None]:
    """Return `raw` after the triggers that refuse changes are gone."""
    for trigger in ("no_update", "no_delete", "next_version"):
        raw(f"DROP TRIGGER stored_events_{trigger}")
    return raw


@pytest.fixture
def hex_literal() -> Callable[[bytes], str]:
    """Return a way to write bytes in the SQL of the durable store."""
    return lambda data: f"X'{data.hex()}'"


def _durable(request: pytest.FixtureRequest) -> str:
    folder: Path = request.getfixturevalue("tmp_path")
    return f"sqlite:///{folder / 'flexes.db'}"
