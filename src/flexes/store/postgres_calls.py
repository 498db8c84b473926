"""Calls of the store's functions in PostgreSQL, handed to libpq in binary.

A cursor of psycopg finds out how to send each value and how to read each field, which takes as long as a small append.
"""

from typing import Final
from weakref import WeakSet

from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from flexes.store.postgres_connections import SQL, Link

_GOOD: Final = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Call:
    """A named statement that takes and gives its values in binary and finds one row.

    Each connection prepares it once.
    """

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._statement = SQL[name]
        self._prepared: WeakSet[Link] = WeakSet()

    def __call__(self, connection: Link, *values: bytes | None) -> list[bytes | None]:
        """Return the fields of the row; raises what psycopg raises."""
        if connection not in self._prepared:
            connection.pgconn.send_prepare(self._name, self._statement)
            _answer(connection)
            self._prepared.add(connection)
        connection.pgconn.send_query_prepared(self._name, values, [Format.BINARY] * len(values), Format.BINARY)
        answer = _answer(connection)
        return [answer.get_value(0, field) for field in range(answer.nfields)]


def _answer(connection: Link) -> PGresult:
    answer: PGresult
    [answer] = connection.wait(execute(connection.pgconn))
    if answer.status not in _GOOD:
        raise error_from_result(answer)
    return answer
