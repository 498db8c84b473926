"""The port to the database that keeps the projections: transactions, bulk rows, and what its SQL dialect needs.

SQL is written once, with `?` for a parameter; a database translates that where it must.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from flexes_projections.table import Kind, Row, Table, Value

Result = TypeVar("Result")


class Dialect(NamedTuple):
    """Where the SQL of two databases differs.

    Attributes:
        types: The column type of each kind; text compares byte by byte in all of them.
        table_end: What follows the columns of a table.
        lock: Makes the changing of tables wait for others who do the same; empty if every writer waits anyway.
        has_table: Finds one row if there is a table of the name that is its parameter.
        for_update: Ends a SELECT whose rows nobody else may change until the commit.
    """

    types: Mapping[Kind, str]
    table_end: str
    lock: str
    has_table: str
    for_update: str


class Session(Protocol):
    """A transaction."""

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """Return how many rows the statement changed."""
        ...

    def select(self, sql: str, parameters: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Return all rows; for few."""
        ...

    def stream(self, sql: str, parameters: Sequence[Value] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows as they are read; memory does not grow with their number."""
        ...

    def insert(self, table: Table, name: str, rows: Sequence[Row]) -> None:
        """Add rows to the table of this name.

        Raises:
            RowsRefused: The database does not take these rows.
        """
        ...

    def upsert(self, table: Table, name: str, rows: Sequence[Row]) -> None:
        """Add rows, each in place of the one with its key; no key may come twice.

        Raises:
            RowsRefused: The database does not take these rows.
        """
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo only what is done inside when that raises."""
        ...


class Database(Protocol):
    """Where projections are kept.

    Each method may raise `StoreUnavailable`.
    """

    @property
    def dialect(self) -> Dialect:
        """How its SQL differs."""
        ...

    def write(self, work: Callable[[Session], Result]) -> Result:
        """Do the work in one transaction; from its start again when the connection was lost, even at the commit."""
        ...

    def read(self, work: Callable[[Session], Result]) -> Result:
        """Do the work on one snapshot of the database; it changes nothing."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
