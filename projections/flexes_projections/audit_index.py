"""The entry `audit` of `flexes audit`: the answer of the indexed audit log, so far as that is the answer of the events.

Rules:
1. Nothing is written: a reader needs no right to, and waits for no writer.
2. An audit log of another log, such as one that was kept when a backup of the events was restored, is not asked.
3. A text that a database could not keep as it is comes from the events.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from flexes.cli.opening import must_exist
from flexes.errors import StoreUnavailable
from flexes.ids import RunId
from flexes.store.port import EventStore
from flexes.view.audit import AuditRow, rows_of_step
from flexes.view.audit_filter import AuditFilter, AuditPage
from flexes_projections.audit_log import ROWS
from flexes_projections.audit_query import live, pages
from flexes_projections.database import Database, Session
from flexes_projections.ddl import table_name
from flexes_projections.opening import open_database

_REPLACED: Final = "\ufffd"
"""Stands for a NUL where a database keeps none."""


def indexed_audit(
    store: EventStore, store_url: str, wanted: AuditFilter, *, projections_url: str | None = None
) -> Iterator[AuditPage]:
    """Yield the pages that the audit log has; it is for the caller to read all later events.

    Raises:
        StoreUnavailable: The database of the projections is away, or went away.
    """
    url = projections_url or store_url
    try:
        must_exist(url)
    except StoreUnavailable:
        return
    with closing(open_database(url)) as database:
        yield from pages_of(store, database, wanted)


def pages_of(store: EventStore, database: Database, wanted: AuditFilter) -> Iterator[AuditPage]:
    """Yield the same from a database that is open."""
    if not _is_of(store, database):
        return
    for page in pages(database, wanted):
        rows = (_as_it_was(store, row) for row in page.rows)
        yield page._replace(rows=[row for row in rows if wanted.matches(row)])


def _is_of(store: EventStore, database: Database) -> bool:
    """Return whether the last event that the audit log has stands at its place in this log, digest and all."""
    position, digest = database.read(lambda session: _last(session, database))
    found = store.read_all(position - 1, 1) if position else ()
    return any(row.position == position and row.digest.hex() == digest for row in found)


def _last(session: Session, database: Database) -> tuple[int, str | None]:
    found = live(session, database)
    if found is None or not found.position:
        return 0, None
    name = table_name(ROWS, found.generation)
    rows = session.select(f"SELECT digest FROM {name} WHERE position = ? AND place = 0", (found.position,))
    return found.position, rows[0][0] if rows else None


def _as_it_was(store: EventStore, row: AuditRow) -> AuditRow:
    """Return the row; made anew where a text of it may have been replaced."""
    if not any(_REPLACED in text for text in row if isinstance(text, str)) and _REPLACED not in "".join(row.facets):
        return row
    from flexes_projections.folding import Folding

    [stored] = store.read(RunId(row.run_id), row.version - 1, row.version)
    fact = Folding(store).fact(stored)
    return rows_of_step(fact.step, fact.position, fact.digest, fact.said)[row.place]
