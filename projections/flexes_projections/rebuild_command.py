"""`flexes rebuild` and `scripts/rebuild_projections.py`: progress for people, JSON for programs, an exit status.

| status | when |
|---|---|
| 0 | done; with a check: all rows are equal |
| 1 | a check found a difference, or an event stopped a projection |
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from flexes.cli.opening import find_run, must_exist
from flexes.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from flexes.cli.output import emit_json, say
from flexes.cli.projections import Elsewhere
from flexes.cli.rebuild import Count, EveryOne, OneRun
from flexes.store.port import EventStore
from flexes.store.urls import open_store
from flexes_projections.catalogue import named
from flexes_projections.check import check
from flexes_projections.database import Database
from flexes_projections.errors import ProjectionStopped
from flexes_projections.filling import Observer, Workers, most_workers
from flexes_projections.filling import Progress as Reached
from flexes_projections.one_run import rebuild_run
from flexes_projections.opening import open_database
from flexes_projections.rebuild import rebuild
from flexes_projections.table import Projection

DONE: Final = 0
FOUND: Final = 1

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Projections; all if none is named.")]
Check = Annotated[bool, typer.Option("--check", help="Prove that the live rows are those that the log makes.")]


def rebuild_command(
    store_url: str,
    names: Sequence[str],
    *,
    every: bool = False,
    as_json: bool = False,
    run: str | None = None,
    compare: bool = False,
    projections_url: str | None = None,
    workers: int | None = None,
) -> int:
    """Rebuild, or check, the named projections and return the exit status; the entry point of `flexes rebuild`."""
    wanted, helping = named(() if every else names), Workers(store_url, workers or most_workers())
    must_exist(store_url)
    with closing(open_store(store_url)) as store, closing(open_database(projections_url or store_url)) as database:
        if compare:
            return _check(store, database, wanted, helping, as_json)
        if run is not None:
            events = rebuild_run(store, database, find_run(store, run), wanted)
            _tell(wanted, events, 0.0, as_json)
            return DONE
        return _rebuild(store, database, wanted, helping, as_json)


def main(
    names: Names = None,
    every: EveryOne = False,
    run: OneRun = None,
    check: Check = False,
    store: StoreUrl = DEFAULT_STORE,
    projections: Elsewhere = None,
    workers: Count = None,
    as_json: AsJson = False,
) -> None:
    """Build projections again from the events, beside the live ones, and let readers see them all at once.

    A rebuild that was killed goes on where it was.
    """
    status = rebuild_command(
        store,
        names or (),
        every=every,
        as_json=as_json,
        run=run,
        compare=check,
        projections_url=projections,
        workers=workers,
    )
    raise typer.Exit(status)


def _rebuild(
    store: EventStore, database: Database, wanted: Sequence[Projection], workers: Workers, as_json: bool
) -> int:
    began = time.monotonic()
    try:
        with _shown("rebuilding") as observer:
            events = rebuild(store, database, wanted, observer=observer, workers=workers)
    except ProjectionStopped as error:
        sys.stderr.write(f"error: {error}\n")
        return FOUND
    _tell(wanted, events, time.monotonic() - began, as_json)
    return DONE


def _check(store: EventStore, database: Database, wanted: Sequence[Projection], workers: Workers, as_json: bool) -> int:
    with _shown("checking") as observer:
        found = check(store, database, wanted, observer=observer, workers=workers)
    for checked in found:
        if as_json:
            emit_json({**checked._asdict(), "equal": checked.equal})
        else:
            digest = f"{checked.live or 'no rows'} at position {checked.position}"
            say(f"{checked.projection}: {'equal' if checked.equal else checked.why}: {digest}")
    return DONE if all(checked.equal for checked in found) else FOUND


def _tell(wanted: Sequence[Projection], events: int, seconds: float, as_json: bool) -> None:
    names = [str(projection) for projection in wanted]
    if as_json:
        emit_json({"rebuilt": names, "events": events, "seconds": round(seconds, 3)})
    else:
        rate = f", {events / seconds:,.0f} events/s" if seconds and events else ""
        say(f"rebuilt {', '.join(names)} from {events:,} events in {seconds:.1f} s{rate}")


@contextmanager
def _shown(what: str) -> Iterator[Observer]:
    """Show a bar with rate and time left while the work goes on, if somebody looks."""
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(what, total=None)

        def observer(reached: Reached) -> None:
            bar.update(task, completed=reached.position, total=reached.last, events=reached.events)

        yield observer


class _Rate(ProgressColumn):
    """Events a second since the work began."""

    def render(self, task: Task) -> Text:
        """Return the rate."""
        events, seconds = task.fields.get("events", 0), task.elapsed or 0.0
        return Text(f"{events / seconds:,.0f} events/s" if seconds and events else "")
