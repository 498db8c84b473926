"""Where log lines go: to the application's own structlog, else to the standard logger `flexes`; never to stdout.

Rules:
1. An application that configured structlog gets the lines through `structlog.get_logger("flexes")`.
2. Any other gets them as records of the standard logger `flexes`, if some handler listens there: the text says all,
   and each field is an attribute of the record besides. Without a handler nothing is written, or even made.
3. structlog is imported only when a line is to be written, and configured never. Without it there are no lines.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from functools import cache
from importlib import import_module
from typing import Any, Final

from flexes.shell.telemetry_line import Line
from flexes.shell.telemetry_lines import lines_of
from flexes.view.step import Step

LOGGER: Final = "flexes"

_STANDARD: Final = logging.getLogger(LOGGER)
_STANDARD.addHandler(logging.NullHandler())


class Logs:
    """Writes the lines of each step.

    Args:
        logger: A structlog logger to write to, whatever is configured; None to follow the rules above.
    """

    def __init__(self, logger: Any = None) -> None:
        self._given = logger

    def is_wanted(self) -> bool:
        """Return whether anybody listens now; applications may configure logging at any time."""
        return self._logger() is not None

    def take(self, step: Step[Any]) -> None:
        """Write what there is to say about a step."""
        for line in lines_of(step):
            self.write(line)

    def write(self, line: Line) -> None:
        """Write one line, if anybody listens."""
        logger = self._logger()
        if logger is not None:
            getattr(logger, line.level)(line.name, **line.fields)

    def _logger(self) -> Any:
        if self._given is not None:
            return self._given
        structlog = sys.modules.get("structlog")
        if structlog is not None and structlog.is_configured():
            return structlog.get_logger(LOGGER)
        return _standard() if _is_heard(_STANDARD) else None


@cache
def _standard() -> Any:
    """Return a structlog logger over the standard one, whatever is configured globally; None without structlog."""
    try:
        structlog = import_module("structlog")
        stdlib = import_module("structlog.stdlib")
    except ImportError:
        return None
    return structlog.wrap_logger(
        _STANDARD,
        processors=[stdlib.filter_by_level, _as_record],
        wrapper_class=stdlib.BoundLogger,
        context_class=dict,
    )


def _as_record(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> tuple[tuple[str], Mapping[str, Any]]:
    """Return the arguments of the standard logger's method: all fields as text, and as attributes of the record."""
    said = (f"{name}={value!r}" for name, value in fields.items() if name != "event" and value is not None)
    return (" ".join((fields["event"], *said)),), {"extra": dict(fields)}


def _is_heard(logger: logging.Logger | None) -> bool:
    """Return whether a record of this logger would reach a handler that does something."""
    while logger is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
