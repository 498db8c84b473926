"""The entry point: the table of commands, and the one place where whatever goes wrong becomes an exit status."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from flexes import __version__
from flexes.cli import audit, commands, demo, frames, look, migrate, plan, policy, rebuild, run, simulate, verify
from flexes.cli.failures import DONE, report

app = typer.Typer(name="flexes", no_args_is_help=True, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command line and leave with its exit status."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; never raises, and never shows a traceback."""
    try:
        status = app(args=list(arguments), prog_name="flexes", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else DONE
    except (Exception, KeyboardInterrupt) as error:
        return report(error, as_json="--json" in arguments)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"flexes {__version__}")
        raise typer.Exit


@app.callback(epilog="Exit status: 0 done; 1 the run failed or a check found something; 2 bad input.")
def _flexes(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Runs of LLM and human workflows, governed by policies, kept as events.

    Every command takes --store URL (or FLEXES_STORE) and --json.
    """


_COMMANDS: Mapping[str, Mapping[str, Callable[..., None]]] = {
    "Start": {"demo": demo.demo, "run": run.run, "simulate": simulate.simulate},
    "Command a run": {
        "resume": run.resume,
        "pause": commands.pause,
        "cancel": commands.cancel,
        "approve": commands.approve,
        "reject": commands.reject,
        "trigger": commands.trigger,
        "signal": commands.signal,
    },
    "Look": {
        "runs": look.runs,
        "show": look.show,
        "events": look.events,
        "plan": plan.plan,
        "frames": frames.frames,
        "audit": audit.audit,
    },
    "Keep in order": {"verify": verify.verify, "rebuild": rebuild.rebuild, "migrate": migrate.migrate},
}
for _panel, _group in _COMMANDS.items():
    for _name, _command in _group.items():
        app.command(_name, rich_help_panel=_panel)(_command)
app.add_typer(policy.app, name="policy", rich_help_panel="Write policies")
