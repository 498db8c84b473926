"""One batch of the log as rows: every projection sees every event once, and each can fail by itself."""

import gc
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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

    Args:
        at_once: Make each row when its event comes, to see which event cannot be taken.

    Attributes:
        position: Where the projection stands after the batch.
        first: The first position that it wants.
        last: The last position that it wants.
        rows: To add, or to put in the place of those with the same keys.
        error: Why it stops there; None if it goes on.
        error_position: The event that stops it.
    """

    def __init__(self, target: Target, *, at_once: bool) -> None:
        self.target = target
        self.position = target.generation.position
        self.rows: dict[Table, list[Row]] = {table: [] for table in target.projection.tables if table.appends}
        self.error: str | None = None
        self.error_position = 0
        self.first = target.generation.position + 1
        self.last = sys.maxsize if target.upto is None else target.upto
        self._at_once = at_once
        self._rows_of, self._kinds = target.projection.rows_of, target.projection.kinds
        self._latest: dict[Table, dict[Row, Row | Later]] = {
            table: {} for table in target.projection.tables if not table.appends
        }

    def wants(self, position: int) -> bool:
        """Return whether the projection takes the event at this position."""
        return self.first <= position <= self.last and self.error is None

    def take(self, fact: Fact) -> bool:
        """Add the rows of an event that the projection wants; stop before it, and return False, if that fails."""
        if self._kinds is not None and fact.kind not in self._kinds:
            return True
        try:
            rows = list(self._rows_of(fact))
            self._add([(table, made(row)) for table, row in rows] if self._at_once else rows)
        except Exception as error:  # what an event does to one projection must not reach the others
            self.stop(fact.position, error)
            return False
        return True

    def reach(self, rows: Sequence[port.Row]) -> None:
        """Stand at the last of these events that the projection took."""
        last = self.last if self.error is None else self.error_position - 1
        taken = (row.position for row in reversed(rows) if self.first <= row.position <= last)
        self.position = next(taken, self.position)

    def finish(self) -> None:
        """Make the rows that nothing replaced; raises what making them raises."""
        for table, latest in self._latest.items():
            self.rows[table] = [made(row) for row in latest.values()]

    def _add(self, rows: Iterable[tuple[Table, Row | Later]]) -> None:
        """Add the rows of one event; a later one replaces an earlier one with the same key."""
        for table, row in rows:
            if isinstance(row, Later):
                self._latest[table][row.key] = row
            elif table.appends:
                self.rows[table].append(row)
            else:
                self._latest[table][row[: table.key_size]] = row

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
    """Return the rows of every target; an event that cannot be read or folded stops all of them.

    All rows of an event are made before the next is read, while the processor still has at hand what they need.
    """
    with no_garbage_collection():
        works = _worked(rows, targets, folding, at_once=False)
        return [work if _finished(work) else _one_by_one(rows, work.target, folding) for work in works]


def handed(target: Target, position: int, rows: Sequence[list[Row]]) -> Work:
    """Return rows that another process made, a list for each table, up to a position."""
    work = Work(target, at_once=False)
    work.rows = dict(zip(target.projection.tables, rows, strict=True))
    work.position = min(position, work.last)
    return work


def _worked(rows: Sequence[port.Row], targets: Sequence[Target], folding: Folding, *, at_once: bool) -> list[Work]:
    works = [Work(target, at_once=at_once) for target in targets]
    wanting: list[Work] = []
    seen = upto = 0
    for row in rows:
        if row.position > upto:
            wanting, upto = _wanting(works, row.position)
        try:
            fact = folding.fact(row) if wanting else None
        except Exception as error:  # bytes that somebody tampered with can be anything
            for work in wanting:
                work.stop(row.position, error)
            break
        seen += 1
        if fact is not None and not all([work.take(fact) for work in wanting]):
            upto = row.position
    for work in works:
        work.reach(rows[:seen])
    return works


def _wanting(works: Sequence[Work], position: int) -> tuple[list[Work], int]:
    """Return who wants the event at this position, and up to which position the same want all events."""
    wanting = [work for work in works if work.wants(position)]
    ends = [work.last for work in wanting]
    beginnings = [work.first - 1 for work in works if work.first > position]
    return wanting, min(ends + beginnings, default=sys.maxsize)


def _finished(work: Work) -> bool:
    try:
        work.finish()
    except Exception:
        return False
    return True


def _one_by_one(rows: Sequence[port.Row], target: Target, folding: Folding) -> Work:
    """Do the work of one target again, so that it stops before the event whose row cannot be made."""
    [work] = _worked(rows, [target], folding.anew(), at_once=True)
    work.finish()
    return work


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
