"""One batch of the log as rows: every projection sees every event once, and each can fail by itself."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from flexes.store import port
from flexes_projections import ddl, registry
from flexes_projections.database import Session
from flexes_projections.errors import RowsRefused
from flexes_projections.folding import Folding
from flexes_projections.registry import Generation
from flexes_projections.table import Fact, Projection, Row, Table


class Lost(Exception):
    """Another runner moved a projection on first; nothing of the batch was written."""


class Target(NamedTuple):
    """A generation to fill, and the last event that it is to have; None for all."""

    projection: Projection
    generation: Generation
    upto: int | None = None


class Work:
    """The rows of one projection in a batch.

    Attributes:
        position: Where the projection stands after the batch.
        error: Why it stops there; None if it goes on.
        error_position: The event that stops it.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.position = target.generation.position
        self.error: str | None = None
        self.error_position = 0
        self._upto = target.upto
        self._appended: dict[Table, list[Row]] = {table: [] for table in target.projection.tables if table.appends}
        self._replaced: dict[Table, dict[Row, Row]] = {
            table: {} for table in target.projection.tables if not table.appends
        }

    def wants(self, position: int) -> bool:
        """Return whether the projection takes the event at this position."""
        return position > self.position and self.error is None and (self._upto is None or position <= self._upto)

    def take(self, facts: Iterable[Fact]) -> None:
        """Add the rows of the events that the projection wants, or stop before the first that it cannot take."""
        rows_of = self.target.projection.rows_of
        for fact in facts:
            if not self.wants(fact.position):
                continue
            try:
                rows = list(rows_of(fact))
            except Exception as error:  # whatever an event does to a projection must not reach the others
                self.stop(fact.position, error)
                return
            self.position = fact.position
            self.add(rows)

    def add(self, rows: Sequence[tuple[Table, Row]]) -> None:
        """Add rows; a later one replaces an earlier one with the same key."""
        for table, row in rows:
            if table.appends:
                self._appended[table].append(row)
            else:
                self._replaced[table][row[: table.key_size]] = row

    def stop(self, position: int, error: Exception) -> None:
        """Stop before this event."""
        self.error, self.error_position = f"{type(error).__name__}: {error}", position

    def write(self, session: Session) -> None:
        """Write rows and position.

        Raises:
            Lost: Another runner was first.
        """
        found = self.target.generation
        if not registry.advance(session, found, self.position):
            raise Lost(found.name)
        try:
            with session.savepoint():
                self.write_rows(session)
        except RowsRefused as error:
            self.stop(self.position, error)
            registry.advance(session, found._replace(position=self.position), found.position)
            self.position = found.position
        if self.error is not None:
            registry.stop(session, found, self.error, self.error_position)

    def write_rows(self, session: Session) -> None:
        """Write the rows alone."""
        number = self.target.generation.generation
        for table, rows in self._appended.items():
            if rows:
                session.insert(table, ddl.table_name(table, number), rows)
        for table, replaced in self._replaced.items():
            if replaced:
                session.upsert(table, ddl.table_name(table, number), list(replaced.values()))


def projected(rows: Sequence[port.Row], targets: Sequence[Target], folding: Folding) -> list[Work]:
    """Return the rows of every target; an event that cannot be read or folded stops all of them."""
    works = [Work(target) for target in targets]
    with no_garbage_collection():
        facts, position, error = _folded(_wanted(rows, targets), folding)
        for work in works:
            work.take(facts)
            if error is not None and work.wants(position):
                work.stop(position, error)
    return works


def _wanted(rows: Sequence[port.Row], targets: Sequence[Target]) -> Sequence[port.Row]:
    """Return the rows up to the last that any target is to have."""
    if any(target.upto is None for target in targets):
        return rows
    last = max(target.upto or 0 for target in targets)
    return [row for row in rows if row.position <= last]


def _folded(rows: Sequence[port.Row], folding: Folding) -> tuple[list[Fact], int, Exception | None]:
    """Return the events with their states, up to the first that cannot be read; and where that is, and why."""
    facts: list[Fact] = []
    for row in rows:
        try:
            facts.append(folding.fact(row))
        except Exception as error:  # bytes that somebody tampered with can be anything
            return facts, row.position, error
    return facts, 0, None


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Collect no garbage meanwhile: looking for it takes long, and neither fold nor rows leave cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
