"""What a projection is: a name and version, its tables, and a pure function from one stored event to rows.

Rules:
1. `rows_of` reads nothing but the fact that it is given, so rows do not depend on when or how often they are made.
2. The columns of a table's key come first; a later row with the same key replaces the earlier one.
3. Every table has a `run_id`, so that the rows of one run can be made again alone.
4. A row that may be replaced can be a `Later`: of many events in a batch, only the last is looked at.
5. Another meaning or shape of the rows is another version; the old tables serve readers until the new ones are built.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Literal, NamedTuple

from flexes.run.events import Event
from flexes.run.state import State
from flexes.view.sentences import sentence
from flexes.view.step import Step

Kind = Literal["text", "integer", "real", "json"]
Value = str | int | float | None
Row = tuple[Value, ...]


class Fact:
    """One stored event as projections see it.

    Args:
        before: The state of its run before it; None for the first event.
        position: Its position in the log of all runs.
        digest: Its digest, in hex.

    Attributes:
        kind: The type of the event.
        step: The event with both states, as views take it.
    """

    __slots__ = ("_said", "after", "before", "digest", "event", "kind", "position", "step")

    def __init__(self, event: Event, before: State | None, after: State, position: int, digest: str) -> None:
        self.event = event
        self.kind = event.kind
        self.before = before
        self.after = after
        self.position = position
        self.digest = digest
        self.step: Step[Any] = Step(event, before, after)
        self._said: str | None = None

    @property
    def said(self) -> str:
        """The event in one sentence, made once for all projections."""
        if self._said is None:
            self._said = sentence(self.step)
        return self._said


class Column(NamedTuple):
    """A column; `json` is kept as text, byte for byte."""

    name: str
    kind: Kind = "text"


class Table:
    """A declared table.

    Args:
        key: How many of the first columns are the key.
        indexes: Columns of each secondary index, in order.
        appends: Whether no row is ever replaced, so that rows can be loaded in bulk.
    """

    def __init__(
        self,
        name: str,
        columns: Iterable[Column],
        *,
        key: int,
        indexes: tuple[tuple[str, ...], ...] = (),
        appends: bool = False,
    ) -> None:
        self.name = name
        self.columns = tuple(columns)
        self.key_size = key
        self.indexes = indexes
        self.appends = appends

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns of the key."""
        return self.columns[: self.key_size]


class Later(NamedTuple):
    """A row that is made only if no later event of its batch replaces it.

    Attributes:
        key: The key that `make` gives the row.
    """

    key: Row
    make: Callable[[], Row]


RowsOf = Callable[[Fact], Iterable[tuple[Table, Row | Later]]]


class Projection(NamedTuple):
    """A read model: rebuilt from the log at any time, never written by anything else.

    Attributes:
        kinds: The event types that it makes rows of; None for all.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    rows_of: RowsOf
    kinds: frozenset[str] | None = None

    def __str__(self) -> str:
        """Return `name@version`."""
        return f"{self.name}@{self.version}"


def made(row: Row | Later) -> Row:
    """Return the row, made now if it was not yet."""
    return row.make() if isinstance(row, Later) else row


def columns(text: str) -> tuple[Column, ...]:
    """Return columns from their names; `name:integer`, `name:real` and `name:json` are not text."""
    kinds: dict[str, Kind] = {"integer": "integer", "real": "real", "json": "json", "": "text"}
    split = (word.partition(":") for word in text.split())
    return tuple(Column(name, kinds[kind]) for name, _, kind in split)
