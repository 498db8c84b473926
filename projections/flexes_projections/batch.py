"""One batch of the log as rows: every projection sees every event once, and each can fail by itself."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import NamedTuple

from flexes.store import port
from flexes_projections import ddl, registry
from flexes_projections.database import Session
from flexes_projections.errors import RowsRefused
from flexes_projections.folding import Folding
from flexes_projections.registry import Generation
from flexes_projections.table import Fact, Later, Projection, Row, Table, made


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
        rows: To add, or to put in the place of those with the same keys.
        error: Why it stops there; None if it goes on.
        error_position: The event that stops it.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.position = target.generation.position
        self.rows: dict[Table, list[Row]] = {}
        self.error: str | None = None
        self.error_position = 0
        self._upto = target.upto

    def wants(self, position: int) -> bool:
        """Return whether the projection takes the event at this position."""
        return position > self.position and self.error is None and (self._upto is None or position <= self._upto)

    def take(self, facts: Sequence[Fact]) -> None:
        """Make the rows of the events that the projection wants, or stop before the first that it cannot take."""
        wanted = facts
        if facts and not (self.wants(facts[0].position) and self.wants(facts[-1].position)):
            wanted = [fact for fact in facts if self.wants(fact.position)]
        try:
            self.rows = self._rows_of(wanted)
        except Exception:  # what an event does to one projection must not reach the others
            wanted = list(takewhile(self._can_take, wanted))
            self.rows = self._rows_of(wanted)
        if wanted:
            self.position = wanted[-1].position

    def _rows_of(self, facts: Iterable[Fact]) -> dict[Table, list[Row]]:
        """Return the rows of these events; a later one replaces an earlier one with the same key."""
        _, _, tables, rows_of, kinds = self.target.projection
        appended: dict[Table, list[Row]] = {table: [] for table in tables if table.appends}
        latest: dict[Table, dict[Row, Row | Later]] = {table: {} for table in tables if not table.appends}
        for fact in facts:
            if kinds is None or fact.event.kind in kinds:
                for table, row in rows_of(fact):
                    if isinstance(row, Later):
                        latest[table][row.key] = row
                    elif table.appends:
                        appended[table].append(row)
                    else:
                        latest[table][row[: table.key_size]] = row
        return {**appended, **{table: [made(row) for row in rows.values()] for table, rows in latest.items()}}

    def _can_take(self, fact: Fact) -> bool:
        """Return whether the event has rows; stop before it if not."""
        try:
            self._rows_of((fact,))
        except Exception as error:
            self.stop(fact.position, error)
        return self.error is None

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
        for table, rows in self.rows.items():
            if rows:
                write = session.insert if table.appends else session.upsert
                write(table, ddl.table_name(table, number), rows)


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
