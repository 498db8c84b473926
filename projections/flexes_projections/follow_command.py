"""`python -m flexes_projections`: keeps every projection up to date until it is ended; any number may run."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Annotated

import typer

from flexes.cli.opening import must_exist
from flexes.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from flexes.cli.output import emit_json, emit_table
from flexes.cli.projections import Elsewhere
from flexes.store.urls import open_store
from flexes_projections import registry
from flexes_projections.catalogue import named
from flexes_projections.database import Database, Session
from flexes_projections.opening import open_database
from flexes_projections.rebuild_command import Names
from flexes_projections.runner import Lag, Runner, lag
from flexes_projections.table import Projection

Once = Annotated[bool, typer.Option("--once", help="Catch up and end.")]
Status = Annotated[bool, typer.Option("--status", help="Only say how far each projection is.")]
Retry = Annotated[bool, typer.Option("--retry", help="Let projections that stopped try again.")]


def main(
    names: Names = None,
    once: Once = False,
    status: Status = False,
    retry: Retry = False,
    store: StoreUrl = DEFAULT_STORE,
    projections: Elsewhere = None,
    as_json: AsJson = False,
) -> None:
    """Keep projections up to date. Exit status 1: one of them has stopped, or is of another version."""
    wanted = named(names or ())
    must_exist(store)
    with closing(open_store(store)) as log, closing(open_database(projections or store)) as database:
        if retry:
            _retry(database, wanted)
        if not status:
            runner = Runner(log, database, wanted)
            runner.catch_up()
            if not once:
                with suppress(KeyboardInterrupt):
                    asyncio.run(runner.follow())
        found = lag(log, database, wanted)
    _tell(found, as_json)
    sys.stdout.flush()
    raise typer.Exit(int(any(each.error is not None for each in found)))


def _retry(database: Database, wanted: Sequence[Projection]) -> None:
    registry.prepare(database)

    def work(session: Session) -> None:
        for projection in wanted:
            registry.retry(session, projection.name)

    database.write(work)


def _tell(found: Sequence[Lag], as_json: bool) -> None:
    if as_json:
        for each in found:
            emit_json(each._asdict())
    else:
        emit_table(Lag._fields, found)
