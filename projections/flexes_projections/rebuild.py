"""Rebuilding: new tables beside the live ones, filled from the log, shown in one transaction.

Rules:
1. Until the flip readers see the old rows, from its commit on the new ones: never none, never some, never older ones.
2. What was built is kept: after a kill, the next rebuild goes on from the last batch.
3. The log is only read, and nothing is called: rebuilding has no side effects.
4. Secondary indexes are made once the rows are there. Meanwhile an SQLite file has no other writer; PostgreSQL goes on.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from flexes.store.port import EventStore
from flexes_projections import ddl, registry
from flexes_projections.catalogue import ALL
from flexes_projections.database import Database, Session
from flexes_projections.errors import ProjectionStopped
from flexes_projections.filling import Observer, Workers, fill
from flexes_projections.pace import BATCH
from flexes_projections.registry import Generation, Phase, in_phase
from flexes_projections.runner import Runner
from flexes_projections.table import Projection, Table


def rebuild(
    store: EventStore,
    database: Database,
    projections: Sequence[Projection] = ALL,
    *,
    observer: Observer | None = None,
    batch: int = BATCH,
    workers: Workers | None = None,
) -> int:
    """Build the projections anew beside the live ones and let readers see them; return how many events were read.

    Args:
        store: The log.
        database: Where the projections are.
        projections: Those to rebuild.
        observer: Is told after each batch.
        batch: Most events of a batch.
        workers: Processes that make the rows of a long log, for which `rows_of` must be a function of a module.

    Raises:
        WorkerLost: One of them was ended from outside; the next rebuild goes on.
        ProjectionStopped: An event could not be projected; the live tables are as they were.
    """
    begin(database, projections, "building")
    runner = Runner(store, database, projections, phase="building", batch=batch)
    read = fill(store, runner, observer, workers)
    _raise_if_stopped(database, projections)
    _make_indexes(database, projections, at_once=workers.processes if workers else 1)
    while not database.write(lambda session: _flipped(session, database, projections)):
        runner = Runner(store, database, projections, phase="building", batch=batch)
        read += runner.catch_up()
        _raise_if_stopped(database, projections)
    drop_retired(database)
    return read


def begin(database: Database, projections: Sequence[Projection], phase: Phase) -> None:
    """Make a generation for each projection, unless one that was begun before can go on."""
    registry.prepare(database)

    def work(session: Session) -> None:
        registry.lock(session, database)
        for projection in projections:
            found = in_phase(registry.generations(session, projection.name), projection.name, phase)
            if found is not None and not _can_go_on(found, projection):
                registry.drop(session, found)
                found = None
            if found is None:
                registry.add(session, database, projection, phase)

    database.write(work)


def drop_retired(database: Database) -> None:
    """Drop the tables that no reader sees any more."""

    def work(session: Session) -> None:
        registry.lock(session, database)
        for found in registry.generations(session):
            if found.phase == "retired":
                registry.drop(session, found)

    database.write(work)


def _can_go_on(found: Generation, projection: Projection) -> bool:
    return found.version == projection.version and found.error is None


def _raise_if_stopped(database: Database, projections: Sequence[Projection]) -> None:
    names = {projection.name for projection in projections}
    for found in database.read(registry.generations):
        if found.phase == "building" and found.name in names and found.error is not None:
            raise ProjectionStopped(
                f"{found.name} was not rebuilt: position {found.error_position}: {found.error}; readers still see what"
                " was there before; correct the projection, or run `flexes verify`, and rebuild again"
            )


def _make_indexes(database: Database, projections: Sequence[Projection], *, at_once: int) -> None:
    """Make the secondary indexes, several at once; in SQLite one follows the other all the same."""
    indexes = [
        (each, table, place) for each in projections for table in each.tables for place in range(len(table.indexes))
    ]

    def make(projection: Projection, table: Table, place: int) -> None:
        def work(session: Session) -> None:
            building = in_phase(registry.generations(session, projection.name), projection.name, "building")
            if building is not None:
                session.execute(ddl.create_indexes(table, ddl.table_name(table, building.generation))[place])

        database.write(work)

    with ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(make, *index) for index in indexes]:
            done.result()


def _flipped(session: Session, database: Database, projections: Sequence[Projection]) -> bool:
    """Show the new generations, unless a live one is ahead of its successor; another rebuild may have shown its own."""
    registry.lock(session, database)
    pairs = [(each, *_both(session, database, each)) for each in sorted(projections)]
    if any(live is not None and new is not None and live.position > new.position for _, live, new in pairs):
        return False
    for projection, live, new in pairs:
        if new is not None:
            _flip(session, projection, live, new)
    return True


def _both(session: Session, database: Database, projection: Projection) -> tuple[Generation | None, Generation | None]:
    found = registry.generations(session, projection.name, database.dialect.for_update)
    return in_phase(found, projection.name, "live"), in_phase(found, projection.name, "building")


def _flip(session: Session, projection: Projection, live: Generation | None, new: Generation) -> None:
    if live is not None:
        registry.turn(session, live, "retired")
        registry.hide(session, live, projection)
    registry.turn(session, new, "live")
    registry.show(session, projection, new.generation)
