"""Questions to the audit log: the filters of `flexes audit` and some more, answered from its indexes."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any, Final

import orjson

from flexes.envelope.model import Name
from flexes.store.port import EventStore
from flexes.view.audit import AuditRow
from flexes.view.audit_filter import AuditFilter, AuditPage, Condition
from flexes_projections import registry
from flexes_projections.audit_log import AUDIT_LOG, ROWS
from flexes_projections.database import Database, Session
from flexes_projections.ddl import table_name
from flexes_projections.errors import NotBuilt
from flexes_projections.registry import Generation

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
    if database.read(lambda session: live(session, database)) is None:
        raise NotBuilt(f"{AUDIT_LOG} was not built yet: run `flexes rebuild {AUDIT_LOG.name}`")
    return islice((row for page in pages(database, asked) for row in page.rows), limit)


def pages(database: Database, asked: AuditFilter) -> Iterator[AuditPage]:
    """Yield all matching rows that the audit log has; nothing if it was not built, or was built by another version.

    A page holds events whole, and what it says about them is true whatever happens to the audit log meanwhile.
    """
    after = 0
    while (page := database.read(partial(_page, database, asked, after, _PAGE))) is not None:
        yield page
        after = page.upto


def live(session: Session, database: Database) -> Generation | None:
    """Return the audit log that readers see, if this release can read it."""
    if not registry.is_there(session, database):
        return None
    found = registry.in_phase(registry.generations(session, AUDIT_LOG.name), AUDIT_LOG.name, "live")
    return found if found is not None and found.version == AUDIT_LOG.version else None


def behind(store: EventStore, database: Database) -> int | None:
    """Return how many positions the audit log is behind; None if it cannot catch up: rebuild it."""
    found = database.read(lambda session: live(session, database))
    if found is None or found.error is not None:
        return None
    return max(store.last_position() - found.position, 0)


def _page(database: Database, asked: AuditFilter, after: int, size: int, session: Session) -> AuditPage | None:
    """Return the matching rows of the next events; None when there are no more events."""
    found = live(session, database)
    if found is None or found.position <= after:
        return None
    rows = _select(session, table_name(ROWS, found.generation), asked, after, size)
    upto = found.position
    if len(rows) == size:
        upto = rows[-1].position - 1
        rows = [row for row in rows if row.position <= upto]
        if not rows:
            return _page(database, asked, after, 2 * size, session)
    return AuditPage(upto, [row for row in rows if asked.matches(row)])


def _select(session: Session, name: str, asked: AuditFilter, after: int, size: int) -> list[AuditRow]:
    """Read from the tables of one generation: a view can change its tables in the middle of a transaction."""
    tests = ["position > ?"]
    values: list[str | int] = [after]
    for condition in asked.conditions():
        tests.append(f"{condition.field} {condition.operator} ?")
        values.append(condition.value)
    facet = getattr(asked, "facet", None)
    if facet is not None:
        tests.append("facets LIKE ? ESCAPE '!'")
        values.append(_containing(facet))
    columns = ", ".join(ROWS.names)
    sql = f"SELECT {columns} FROM {name} WHERE {' AND '.join(tests)} ORDER BY position, place LIMIT {size}"
    return [_row(found) for found in session.select(sql, values)]


def _containing(facet: str) -> str:
    """Return the pattern of a JSON list that holds the name; upper and lower case are told apart afterwards."""
    quoted = orjson.dumps(facet).decode()
    for special in "!%_":
        quoted = quoted.replace(special, f"!{special}")
    return f"%{quoted}%"


def _row(found: tuple[Any, ...]) -> AuditRow:
    return AuditRow._make((*found[:_FACETS], tuple(orjson.loads(found[_FACETS])), *found[_FACETS + 1 :]))
