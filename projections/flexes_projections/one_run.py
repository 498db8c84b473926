"""Rebuilding one run alone: its rows are made anew and take the place of the old ones in one transaction."""

from collections.abc import Sequence

from flexes.errors import RunNotFound
from flexes.ids import RunId
from flexes.store.port import EventStore
from flexes_projections import ddl, registry
from flexes_projections.batch import Target, Work, projected
from flexes_projections.catalogue import ALL
from flexes_projections.database import Database, Session
from flexes_projections.errors import NotBuilt, ProjectionStopped
from flexes_projections.folding import Folding
from flexes_projections.table import Projection


def rebuild_run(store: EventStore, database: Database, run_id: RunId, projections: Sequence[Projection] = ALL) -> int:
    """Make the rows of one run anew in the live tables; return how many events it has.

    Memory is bounded by the run, which is read whole.

    Raises:
        RunNotFound: There is no such run.
        NotBuilt: A projection was never built, or by another version.
        ProjectionStopped: An event of the run could not be projected; nothing was changed.
    """
    rows = store.read(run_id)
    if not rows:
        raise RunNotFound(f"there is no run {run_id}; list them with `flexes runs`", run_id=run_id)
    registry.prepare(database)

    def work(session: Session) -> None:
        registry.lock(session, database)
        targets = [_target(session, database, each) for each in sorted(projections)]
        for made in projected(store.read(run_id), targets, Folding(store)):
            _replace(session, made, run_id)

    database.write(work)
    return len(rows)


def _target(session: Session, database: Database, projection: Projection) -> Target:
    """Return the live generation from its first event to where it stands; the lock keeps it there."""
    found = registry.generations(session, projection.name, database.dialect.for_update)
    live = registry.in_phase(found, projection.name, "live")
    if live is None or live.version != projection.version:
        raise NotBuilt(f"{projection} was not built yet: run `flexes rebuild {projection.name}`")
    return Target(projection, live._replace(position=0), upto=live.position)


def _replace(session: Session, made: Work, run_id: RunId) -> None:
    target = made.target
    if made.error is not None:
        raise ProjectionStopped(f"{target.projection}: position {made.error_position}: {made.error}")
    for table in target.projection.tables:
        session.execute(
            f"DELETE FROM {ddl.table_name(table, target.generation.generation)} WHERE run_id = ?", (run_id,)
        )
    made.write_rows(session)
