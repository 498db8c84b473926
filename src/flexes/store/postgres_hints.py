"""Wake-ups between processes over PostgreSQL's NOTIFY: hints, that may be late, merged or lost.

A NOTIFY inside each commit makes commits wait for each other; so a thread of its own sends one for many
appends. A listener never waits for longer than it is told to.
"""

from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier

from flexes.store.postgres_calls import Call
from flexes.store.postgres_connections import Link, PostgresConnections

_PAUSE_S: Final = 0.1
"""At most one notification of a process in this time: each costs as much as an append, and of many writers all send."""

_NOTIFY: Final = Call("notify")


class Announcer:
    """Tells other processes that there are new events, soon and not once for each append."""

    def __init__(self, connections: PostgresConnections, channel: str) -> None:
        self._connections = connections
        self._channel = channel
        self._news = Event()
        self._closed = Event()
        self._thread: Thread | None = None
        self._starting = Lock()

    def announce(self) -> None:
        """Note that there are new events, and return at once."""
        if not self._news.is_set():
            self._news.set()
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """Stop; what was not yet said is left to the readers' own polling."""
        with self._starting:
            self._closed.set()
            self._news.set()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closed.is_set():
                self._thread = Thread(target=self._run, name="flexes-notify", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        connection: Link | None = None
        while self._news.wait() and not self._closed.is_set():
            self._news.clear()
            try:
                connection = connection or self._connected()
                _NOTIFY(connection, self._channel.encode())
            except psycopg.Error:
                _drop(connection)
                connection = None
            self._closed.wait(_PAUSE_S)
        _drop(connection)

    def _connected(self) -> Link:
        connection = self._connections.connect()
        # a commit that notifies is flushed like any other, but a hint need not outlive its server
        connection.execute("SET synchronous_commit TO off")
        return connection


class Listener:
    """Waits for the announcements of other processes, on one connection."""

    def __init__(self, connections: PostgresConnections, channel: str) -> None:
        self._connections = connections
        self._channel = channel
        self._lock = Lock()
        self._link: Link | None = None
        self._closed = Event()

    def wait(self, timeout_s: float) -> None:
        """Return when there may be new events, and after `timeout_s` at the latest."""
        if not self._lock.acquire(timeout=timeout_s):
            return
        try:
            self._listen(timeout_s)
        except psycopg.Error:
            self._drop()
            self._closed.wait(timeout_s)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Stop listening, once a wait that is under way has ended."""
        self._closed.set()
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        _drop(self._link)
        self._link = None

    def _listen(self, timeout_s: float) -> None:
        if self._closed.is_set():
            return
        if self._link is None:
            self._link = self._connections.connect()
            self._link.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
        for _ in self._link.notifies(timeout=timeout_s, stop_after=1):
            pass


def _drop(connection: Link | None) -> None:
    if connection is not None:
        with suppress(psycopg.Error):
            connection.close()
