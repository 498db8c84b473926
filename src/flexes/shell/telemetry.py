"""Telemetry of a process: logs, metrics and spans of the commits that it makes, told after they are stored.

Rules:
1. It observes and never decides: a run stores the same events with telemetry or without.
2. Whatever goes wrong in it stays in it; the first fault of each part is one warning, `telemetry_failed`.
3. Where nobody listens, it costs a few look-ups a commit. Neither structlog nor OpenTelemetry is needed, or imported
   before it is used; `pip install flexes[telemetry]` brings both.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, Protocol

from flexes.run.evolve import evolve
from flexes.shell.ledger import Committed
from flexes.shell.telemetry_line import Line
from flexes.shell.telemetry_logs import LOGGER, Logs
from flexes.shell.telemetry_metrics import Metrics
from flexes.shell.telemetry_spans import Spans
from flexes.view.step import Step

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider


class Part(Protocol):
    """One kind of telemetry."""

    def is_wanted(self) -> bool:
        """Return whether anybody listens now."""
        ...

    def take(self, step: Step[Any]) -> None:
        """Tell of one step."""
        ...


class Telemetry:
    """An observer of a ledger; `Flexes` attaches one with the process's own settings.

    To send a second copy elsewhere, append another to `flexes.ledger.observers`.

    Args:
        logger: A structlog logger; None for the application's own (see `telemetry_logs`).
        meter_provider: None for the global one.
        tracer_provider: None for the global one.
    """

    def __init__(
        self,
        *,
        logger: Any = None,
        meter_provider: "MeterProvider | None" = None,
        tracer_provider: "TracerProvider | None" = None,
    ) -> None:
        self._logs = Logs(logger)
        self._parts: tuple[Part, ...] = (self._logs, Metrics(meter_provider), Spans(tracer_provider))
        self._failed: set[Part] = set()

    def __call__(self, committed: Committed) -> None:
        """Tell of a commit; never raises."""
        try:
            wanted = [part for part in self._parts if self._is_wanted(part)]
            steps = tuple(steps_of(committed)) if wanted else ()
        except Exception as error:  # an observer must never break a run
            self._complain(self._logs, error)
            return
        for part in wanted:
            self._tell(part, steps)

    def _is_wanted(self, part: Part) -> bool:
        try:
            return part.is_wanted()
        except Exception as error:  # loggers and providers are foreign code
            self._complain(part, error)
            return False

    def _tell(self, part: Part, steps: tuple[Step[Any], ...]) -> None:
        try:
            for step in steps:
                part.take(step)
        except Exception as error:  # loggers and providers are foreign code
            self._complain(part, error)

    def _complain(self, part: Part, error: Exception) -> None:
        """Warn once; of the error only its type and place, since its text may hold what is redacted elsewhere."""
        if part in self._failed:
            return
        self._failed.add(part)
        fields = {"part": type(part).__name__.lower(), "error": type(error).__name__, "where": _place(error)}
        with suppress(Exception):
            if part is self._logs or not self._logs.is_wanted():
                logging.getLogger(LOGGER).warning("telemetry_failed", extra=fields)
            else:
                self._logs.write(Line("warning", "telemetry_failed", fields))


def steps_of(committed: Committed) -> Iterator[Step[Any]]:
    """Yield each event of a commit with the states around it."""
    before = committed.before
    for event in committed.events[:-1]:
        after = evolve(before, event)
        yield Step(event, before, after)
        before = after
    yield Step(committed.events[-1], before, committed.after)


def _place(error: Exception) -> str:
    frames = extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
