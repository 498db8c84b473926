"""Questions to the audit log: the filters of `flexes audit` and some more, answered from its indexes."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import orjson

from flexes.envelope.model import Name
from flexes.store.port import EventStore
from flexes.view.audit import AuditRow
from flexes.view.audit_filter import AuditFilter, Condition
from flexes_projections import registry
from flexes_projections.audit_log import AUDIT_LOG, ROWS
from flexes_projections.database import Database, Session
from flexes_projections.ddl import view_name
from flexes_projections.errors import NotBuilt

_MORE: Final = {
    "type": "type",
    "actor": "actor",
    "capability": "capability_id",
    "expression": "expression",
    "digest": "digest",
}
_FACETS: Final = ROWS.names.index("facets")
_PAGE: Final = 1_000


class AuditQuestion(AuditFilter, frozen=True):
    """What is asked for; a field that is not given leaves every row in.

    Attributes:
        facet: One that the row names.
        expression: The whole predicate, as rows show it.
        digest: In hex.
    """

    type: Name | None = None
    actor: Name | None = None
    capability: Name | None = None
    expression: Name | None = None
    digest: Name | None = None
    facet: Name | None = None

    def conditions(self) -> tuple[Condition, ...]:
        """Return the comparisons that a row must all pass; `facet` is another test."""
        given = ((column, getattr(self, field)) for field, column in _MORE.items())
        return (*super().conditions(), *(Condition(column, "=", value) for column, value in given if value is not None))

    def matches(self, row: AuditRow) -> bool:
        """Return whether the row has everything that is asked for."""
        return (self.facet is None or self.facet in row.facets) and super().matches(row)


def audit(database: Database, asked: AuditQuestion | AuditFilter, limit: int | None = None) -> Iterator[AuditRow]:
    """Yield the rows in the order of the log, a page at a time, so that readers hold nobody up.

    Raises:
        NotBuilt: There is no audit log of this version yet.
    """
    _require_built(database)
    return islice(_pages(database, asked), limit)


def behind(store: EventStore, database: Database) -> int | None:
    """Return how many positions the audit log is behind; None if it cannot catch up: rebuild it."""
    registry.prepare(database)
    live = registry.in_phase(database.read(registry.generations), AUDIT_LOG.name, "live")
    if live is None or live.version != AUDIT_LOG.version or live.error is not None:
        return None
    return max(store.last_position() - live.position, 0)


def _require_built(database: Database) -> None:
    registry.prepare(database)
    live = registry.in_phase(database.read(registry.generations), AUDIT_LOG.name, "live")
    if live is None or live.version != AUDIT_LOG.version:
        raise NotBuilt(f"{AUDIT_LOG} was not built yet: run `flexes rebuild {AUDIT_LOG.name}`")


def _pages(database: Database, asked: AuditFilter) -> Iterator[AuditRow]:
    after = (-1, -1)
    while page := database.read(lambda session, after=after: _page(session, asked, after)):  # type: ignore[misc]
        yield from (row for row in page if asked.matches(row))
        after = (page[-1].position, page[-1].place)


def _page(session: Session, asked: AuditFilter, after: tuple[int, int]) -> Sequence[AuditRow]:
    tests = ["(position, place) > (?, ?)"]
    values: list[str | int] = [*after]
    for condition in asked.conditions():
        tests.append(f"{condition.field} {condition.operator} ?")
        values.append(condition.value)
    facet = getattr(asked, "facet", None)
    if facet is not None:
        tests.append("facets LIKE ? ESCAPE '!'")
        values.append(_containing(facet))
    columns, view = ", ".join(ROWS.names), view_name(ROWS)
    sql = f"SELECT {columns} FROM {view} WHERE {' AND '.join(tests)} ORDER BY position, place LIMIT {_PAGE}"
    return [_row(found) for found in session.select(sql, values)]


def _containing(facet: str) -> str:
    """Return the pattern of a JSON list that holds the name; upper and lower case are told apart afterwards."""
    quoted = orjson.dumps(facet).decode()
    for special in "!%_":
        quoted = quoted.replace(special, f"!{special}")
    return f"%{quoted}%"


def _row(found: tuple[Any, ...]) -> AuditRow:
    return AuditRow._make((*found[:_FACETS], tuple(orjson.loads(found[_FACETS])), *found[_FACETS + 1 :]))
