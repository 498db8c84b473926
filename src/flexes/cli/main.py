"""The entry point, and the one place where whatever goes wrong becomes an exit status."""

import gc
import sys
from collections.abc import Sequence
from typing import Final

from flexes.cli.failures import DONE, report

_SELDOM: Final = 50_000
"""New objects between two looks of the garbage collector: imports make very many, and hardly any of them garbage."""


def main() -> None:
    """Run the command line and leave with its exit status.

    What is left at the end goes with the process: looking for garbage in it is a good part of a short command's time.
    """
    gc.set_threshold(_SELDOM)
    status = run_command(sys.argv[1:])
    gc.freeze()
    sys.exit(status)


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; never raises, and never shows a traceback."""
    try:
        status = _invoked(arguments)
        sys.stdout.flush()
        return status if isinstance(status, int) else DONE
    except (Exception, KeyboardInterrupt) as error:
        return report(error, as_json="--json" in arguments)


def _invoked(arguments: Sequence[str]) -> object:
    from flexes.cli.app import COMMANDS, app_of

    named = tuple(arguments[:1])
    app = app_of(named if named and named[0] in COMMANDS else COMMANDS)
    return app(args=list(arguments), prog_name="flexes", standalone_mode=False)
