"""The connections to one PostgreSQL database: a pool, and work done again when the server was away.

Beside the pool there is a connection for appends: a thread that finds it free spares the way through the pool, which
takes a tenth of a small append.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, Final, TypeVar

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from flexes.errors import StoreUnavailable
from flexes.store.statements import statements

Work = TypeVar("Work")
Link = Connection[tuple[Any, ...]]

SQL: Final = {name: text.encode() for name, text in statements("postgres").items()}
"""The named statements."""

_CONNECT_S: Final = 10
_OPTIONS: Final[dict[str, Any]] = {"autocommit": True, "connect_timeout": _CONNECT_S, "client_encoding": "utf8"}
_WAIT_FOR_CONNECTION_S: Final = 1.0
_RETRY_S: Final = 0.1
_SERVER_AWAY: Final = ("08", "57P01", "57P02", "57P03", "53300")
"""SQLSTATEs of a connection that broke, a server that stops or starts, or one without a free connection."""


class PostgresConnections:
    """A pool whose every connection commits each statement by itself.

    Every error of psycopg leaves it as `StoreUnavailable`.

    Args:
        url: The database.
        place: The same without its password, for messages.
        reconnect_s: How long to try again when the server is away, before that is an error.
    """

    def __init__(self, url: str, place: str, *, max_connections: int, reconnect_s: float) -> None:
        self.place = place
        self._url = url
        self._reconnect_s = reconnect_s
        self._turn = Lock()
        self._own: Link | None = None
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=max_connections,
            open=False,
            kwargs=_OPTIONS,
            configure=_configure,
            timeout=_WAIT_FOR_CONNECTION_S,
            reconnect_timeout=_WAIT_FOR_CONNECTION_S,
        )

    def open(self, prepare: Callable[[Link], Work]) -> Work:
        """Connect once to prepare the database, so that a wrong address shows at once, and open the pool.

        Raises:
            StoreUnavailable: The database cannot be reached, or refused to be prepared.
        """
        try:
            with self.connect() as connection:
                prepared = prepare(connection)
        except psycopg.Error as error:
            raise self._unavailable(error) from error
        self._pool.open()
        return prepared

    def connect(self) -> Link:
        """Open a connection outside the pool; raises what psycopg raises."""
        connection = psycopg.connect(self._url, **_OPTIONS)
        _configure(connection)
        return connection

    def run(self, work: Callable[[Link], Work]) -> Work:
        """Do the work with a connection, and do it again from the start if the connection is lost.

        Raises:
            StoreUnavailable: The server was away for too long, refused the work, or the store is closed.
        """
        deadline = time.monotonic() + self._reconnect_s
        while True:
            if self._pool.closed:
                raise StoreUnavailable(f"the store {self.place} is closed: open it again")
            try:
                with self._pool.connection() as connection:
                    return work(connection)
            except psycopg.Error as error:
                if not _server_away(error) or time.monotonic() > deadline:
                    raise self._unavailable(error) from error
            time.sleep(_RETRY_S)
            self._pool.check()

    def run_append(self, work: Callable[[Link], Work]) -> Work:
        """Do the same on the connection for appends, or on one of the pool if another thread has it or it is lost."""
        if self._pool.closed or not self._turn.acquire(blocking=False):
            return self.run(work)
        try:
            self._own = self._own or self.connect()
            return work(self._own)
        except psycopg.Error as error:
            if not _server_away(error):
                raise self._unavailable(error) from error
        finally:
            if self._own is not None and self._own.pgconn.transaction_status != TransactionStatus.IDLE:
                self._drop_own()
            self._turn.release()
        return self.run(work)

    def close(self) -> None:
        """Close every connection, those in use when their user is done; again is allowed."""
        self._pool.close()
        with self._turn:
            self._drop_own()

    def _drop_own(self) -> None:
        if self._own is not None:
            self._own.close()
            self._own = None

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


def _configure(connection: Link) -> None:
    """Make appends see, once they have their lock, all that earlier holders committed."""
    connection.execute("SET default_transaction_isolation TO 'read committed'")
