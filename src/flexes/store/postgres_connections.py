"""The connections to one PostgreSQL database, and work done again when the server was away.

The pool of psycopg is not used: its statistics and threads cost each append as much as a few rows cost the server.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus

from flexes.errors import StoreUnavailable
from flexes.store.fair_semaphore import FairSemaphore
from flexes.store.statements import statements

Work = TypeVar("Work")
Link = Connection[tuple[Any, ...]]

SQL: Final = {name: text.encode() for name, text in statements("postgres").items()}
"""The named statements."""

_CONNECT_S: Final = 10
_ENCODING: Final = "utf8"
_RETRY_S: Final = 0.1
_SERVER_AWAY: Final = ("08", "57P01", "57P02", "57P03", "53300")
"""SQLSTATEs of a connection that broke, a server that stops or starts, or one without a free connection."""


class PostgresConnections:
    """Connections for several threads; each connection commits every statement by itself.

    One is opened when all are in use, up to a number, and kept until it breaks. Every error of psycopg leaves as
    `StoreUnavailable`.

    Args:
        url: The database.
        place: The same without its password, for messages.
        reconnect_s: How long to try again when the server is away, before that is an error.
    """

    def __init__(self, url: str, place: str, *, max_connections: int, reconnect_s: float) -> None:
        self.place = place
        self._url = url
        self._reconnect_s = reconnect_s
        self._free = FairSemaphore(max_connections)
        self._idle: list[Link] = []
        self._closed = False

    def open(self, prepare: Callable[[Link], Work]) -> Work:
        """Connect once to prepare the database, so that a wrong address shows at once.

        Raises:
            StoreUnavailable: The database cannot be reached, or refused to be prepared.
        """
        try:
            return self._done(prepare)
        except BaseException as error:
            self.close()
            if isinstance(error, psycopg.Error):
                raise self._unavailable(error) from error
            raise

    def connect(self) -> Link:
        """Open a connection that the caller closes; raises what psycopg raises."""
        connection = psycopg.connect(self._url, autocommit=True, connect_timeout=_CONNECT_S, client_encoding=_ENCODING)
        # appends see, once they have their lock, all that earlier holders committed
        connection.execute("SET default_transaction_isolation TO 'read committed'")
        return connection

    def run(self, work: Callable[[Link], Work]) -> Work:
        """Do the work with a connection, and do it again from the start if the connection is lost.

        Raises:
            StoreUnavailable: The server was away for too long, refused the work, or the store is closed.
        """
        deadline = time.monotonic() + self._reconnect_s
        while True:
            try:
                return self._done(work)
            except psycopg.Error as error:
                if not _server_away(error) or time.monotonic() > deadline:
                    raise self._unavailable(error) from error
            self._close_idle()
            time.sleep(_RETRY_S)

    def close(self) -> None:
        """Close every connection, those in use when their user is done; again is allowed."""
        self._closed = True
        self._close_idle()

    def _done(self, work: Callable[[Link], Work]) -> Work:
        if not self._free.acquire(self._reconnect_s):
            raise StoreUnavailable(f"the store {self.place} is busy: its other threads keep all its connections")
        try:
            connection = self._taken()
            try:
                return work(connection)
            finally:
                self._keep(connection)
        finally:
            self._free.release()

    def _taken(self) -> Link:
        if self._closed:
            raise StoreUnavailable(f"the store {self.place} is closed: open it again")
        try:
            return self._idle.pop()
        except IndexError:
            return self.connect()

    def _keep(self, connection: Link) -> None:
        """Keep a connection for its next user, unless it broke or was left in the middle of something."""
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        if self._closed:
            self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _unavailable(self, error: psycopg.Error) -> StoreUnavailable:
        if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
            return StoreUnavailable(f"the store {self.place} is not available: its URL cannot be read: correct it")
        if isinstance(error, (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)):
            remedy = "run `flexes migrate` as the owner of the schema, and grant this user what it needs"
        else:
            remedy = "check the URL, and that the server runs and lets you in"
        message = error.diag.message_primary or " ".join(str(error).split())
        return StoreUnavailable(f"the store {self.place} is not available: {message}: {remedy}")


def rows(connection: Link, name: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return what a named statement finds."""
    return connection.execute(SQL[name], parameters, binary=True).fetchall()


def _server_away(error: psycopg.Error) -> bool:
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(_SERVER_AWAY)
