"""`rebuild`: handed on to the projections package, which flexes itself does not need."""

from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Final

import typer

from flexes.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from flexes.errors import StoreError

GROUP: Final = "flexes.projections"
"""Entry-point group; its entry `rebuild` is `(store_url, names, *, every, as_json) -> int`, the exit status."""

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Projections to rebuild.")]
EveryOne = Annotated[bool, typer.Option("--all", help="Every projection.")]


class NoProjections(StoreError):
    """No package that offers projections is installed."""

    code = "no_projections"


def rebuild(
    names: Names = None, every: EveryOne = False, store: StoreUrl = DEFAULT_STORE, as_json: AsJson = False
) -> None:
    """Drop projections and build them again from the events, with progress, rate and time left."""
    if bool(names) == every:
        raise typer.BadParameter("name the projections to rebuild, or give --all")
    raise typer.Exit(_entry().load()(store, tuple(names or ()), every=every, as_json=as_json))


def _entry() -> EntryPoint:
    found = [entry for entry in entry_points(group=GROUP) if entry.name == "rebuild"]
    if not found:
        raise NoProjections(
            f"no projections are installed: nothing offers `rebuild` in the entry-point group {GROUP!r}; "
            "install a flexes that ships flexes_projections"
        )
    return found[0]
