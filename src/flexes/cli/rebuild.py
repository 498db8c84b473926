"""`rebuild`: handed on to the projections package, which flexes itself does not need."""

from typing import Annotated

import typer

from flexes.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from flexes.cli.projections import GROUP, Elsewhere, offered
from flexes.errors import StoreError

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Projections to rebuild.")]
EveryOne = Annotated[bool, typer.Option("--all", help="Every projection.")]
OneRun = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only the rows of this run.")]
Check = Annotated[bool, typer.Option("--check", help="Prove that the live rows are those that the events make.")]
Count = Annotated[
    int | None, typer.Option("--workers", min=1, metavar="N", help="Processes for a long log; one a core if not given.")
]


class NoProjections(StoreError):
    """No package that offers projections is installed."""

    code = "no_projections"


def rebuild(
    names: Names = None,
    every: EveryOne = False,
    run: OneRun = None,
    check: Check = False,
    projections: Elsewhere = None,
    workers: Count = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Build projections again from the events, beside the live ones, with progress, rate and time left.

    A rebuild that was killed goes on where it was.

    Exit status: 0 done, 1 a check found a difference, or an event stopped a projection, 2 bad input.
    """
    if bool(names) == every:
        raise typer.BadParameter("name the projections to rebuild, or give --all")
    entry = offered("rebuild")
    if entry is None:
        raise NoProjections(
            f"no projections are installed: nothing offers `rebuild` in the entry-point group {GROUP!r}; "
            "install a flexes that ships flexes_projections"
        )
    status = entry.load()(
        store,
        tuple(names or ()),
        every=every,
        as_json=as_json,
        run=run,
        compare=check,
        projections_url=projections,
        workers=workers,
    )
    raise typer.Exit(status)
