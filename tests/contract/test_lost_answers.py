"""An append whose answer is lost on the way: stored by the server, unknown to the client."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from threading import Event, Thread

import pytest

from flexes.errors import VersionConflict
from flexes.ids import RunId
from flexes.store.port import NewEvent, Store
from flexes.store.postgres import PostgresStore
from flexes.store.urls import open_store

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

RUN = RunId("00000000-0000-4000-8000-000000000001")
OTHER = RunId("00000000-0000-4000-8000-000000000002")
EVENTS = [NewEvent(RUN, 1, "Happened", b'{"command":"a"}'), NewEvent(RUN, 2, "Happened", b'{"command":"a"}')]


class Proxy:
    """A TCP proxy before the server, that can swallow the next answer and break that connection."""

    def __init__(self, upstream: Callable[[], socket.socket]) -> None:
        self.swallow = Event()
        self._upstream = upstream
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[Thread] = []
        self._start(self._accept)
        self.port: int = self._listening.getsockname()[1]

    def close(self) -> None:
        """Stop once every client has gone."""
        self._listening.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, server = self._listening.accept()[0], self._upstream()
                self._start(partial(self._forward, client, server, Event()))
                self._start(partial(self._forward, server, client, self.swallow))

    def _forward(self, source: socket.socket, target: socket.socket, swallow: Event) -> None:
        with source, suppress(OSError):
            while data := source.recv(65_536):
                if swallow.is_set():
                    swallow.clear()
                    break
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def _start(self, work: Callable[[], None]) -> None:
        self._threads.append(Thread(target=work))
        self._threads[-1].start()


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    """Start a proxy before the server of the tests."""
    parts = psycopg.conninfo.conninfo_to_dict(postgres_url)
    host, port = parts.get("host", "localhost"), parts.get("port", 5432)

    def upstream() -> socket.socket:
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    with closing(Proxy(upstream)) as started:
        yield started


@pytest.fixture
def direct(postgres_url: str) -> Iterator[Store]:
    """Open a store that does not go through the proxy."""
    with closing(open_store(postgres_url)) as store:
        yield store


@pytest.fixture
def proxied(direct: Store, proxy: Proxy, postgres_url: str) -> Iterator[PostgresStore]:
    """Open a store that goes through the proxy, with one connection that is ready."""
    conninfo = psycopg.conninfo.make_conninfo(
        postgres_url, host="127.0.0.1", port=proxy.port, sslmode="disable", gssencmode="disable"
    )
    with closing(PostgresStore(conninfo, "proxied", max_connections=1)) as store:
        assert store.last_position() == direct.last_position()
        yield store


def test_an_append_whose_answer_was_lost_succeeds_once(direct: Store, proxied: Store, proxy: Proxy) -> None:
    """A conflict with one's own rows after a lost acknowledgement is success: the same rows, stored once."""
    proxy.swallow.set()
    positions = proxied.append(EVENTS)
    assert not proxy.swallow.is_set()
    assert [(row.position, row.data) for row in direct.read(RUN)] == [
        (position, event.data) for position, event in zip(positions, EVENTS, strict=True)
    ]


def test_a_conflict_whose_answer_was_lost_stays_a_conflict(direct: Store, proxied: Store, proxy: Proxy) -> None:
    """Rows of another command are not taken for one's own, whatever was lost on the way."""
    direct.append([NewEvent(RUN, 1, "Happened", b'{"command":"b"}')])
    proxy.swallow.set()
    with pytest.raises(VersionConflict):
        proxied.append(EVENTS)
    assert [row.data for row in direct.read(RUN)] == [b'{"command":"b"}']


def test_a_batch_whose_answer_was_lost_succeeds_once(direct: Store, proxied: PostgresStore, proxy: Proxy) -> None:
    """Of a batch asked for again, what was stored the first time is told as stored; a conflict stays none of it."""
    direct.append([NewEvent(OTHER, 1, "Happened", b'{"command":"b"}')])
    proxy.swallow.set()
    stored, refused = proxied.append_batch([EVENTS, [NewEvent(OTHER, 1, "Happened", b'{"command":"a"}')]])
    assert not proxy.swallow.is_set()
    assert stored == tuple(row.position for row in direct.read(RUN))
    assert (len(direct.read(RUN)), refused, len(direct.read(OTHER))) == (2, None, 1)
