"""The table of commands, and the Typer app that is made of it; a command's module is imported when it is needed."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Annotated, Final

import typer

from flexes import __version__

_GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "Start": {"demo": "demo", "run": "run", "simulate": "simulate"},
    "Command a run": {
        "resume": "run",
        "pause": "commands",
        "cancel": "commands",
        "approve": "commands",
        "reject": "commands",
        "trigger": "commands",
        "signal": "commands",
    },
    "Look": {
        "runs": "look",
        "show": "look",
        "events": "look",
        "plan": "plan",
        "frames": "frames",
        "audit": "audit",
    },
    "Keep in order": {"verify": "verify", "rebuild": "rebuild", "migrate": "migrate"},
    "Write policies": {"policy": "policy"},
}
"""Each command with the module of this package that has a function, or an app of commands, for it."""

COMMANDS: Final = tuple(name for group in _GROUPS.values() for name in group)


def app_of(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the app with these commands; one that is about to run needs no others, help needs them all."""
    app = typer.Typer(name="flexes", no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback(epilog="Exit status: 0 done; 1 the run failed or a check found something; 2 bad input.")(_flexes)
    wanted = frozenset(names)
    for panel, group in _GROUPS.items():
        for name, module in group.items():
            if name in wanted:
                _add(app, name, module, panel)
    return app


def _add(app: typer.Typer, name: str, module: str, panel: str) -> None:
    loaded = import_module(f"flexes.cli.{module}")
    commands = getattr(loaded, "app", None)
    if isinstance(commands, typer.Typer):
        app.add_typer(commands, name=name, rich_help_panel=panel)
    else:
        app.command(name, rich_help_panel=panel)(getattr(loaded, name))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"flexes {__version__}")
        raise typer.Exit


def _flexes(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Runs of LLM and human workflows, governed by policies, kept as events.

    Every command takes --store URL (or FLEXES_STORE) and --json.
    """
