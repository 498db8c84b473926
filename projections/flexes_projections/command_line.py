"""One command as a program: whatever goes wrong becomes a message and an exit status, as in `flexes`."""

import sys
from collections.abc import Callable
from typing import NoReturn

import typer

from flexes.cli.failures import report


def run(command: Callable[..., None], name: str) -> NoReturn:
    """Run the command with the arguments of the process and leave with its exit status."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        status = app(prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # nothing leaves as a traceback
        status = report(error, as_json="--json" in sys.argv)
    sys.exit(status if isinstance(status, int) else 0)
