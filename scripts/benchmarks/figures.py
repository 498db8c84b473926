"""What a benchmark gives: figures, each a case, what was measured, a value and its unit."""

import gc
import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

REPEATS = 7
_MIN_S = 0.02
_QUICK = "FLEXES_BENCH_QUICK"
_UNMEASURED = "-"


class Figure(NamedTuple):
    """One measured value, or none with the reason in `note`.

    Attributes:
        value: A median of `samples` measurements, or a ratio of two; None if it could not be measured.
        note: What it is compared with, or how it came about.
        samples: 0 where nothing was repeated, as with bytes.
        at_most: The aim, of the same unit as the value.
        at_least: The aim, of the same unit as the value.
    """

    case: str
    what: str
    value: float | None
    unit: str
    note: str = ""
    samples: int = 0
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is reached; None without an aim or a value."""
        if self.value is None or (self.at_most is None and self.at_least is None):
            return None
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    def document(self) -> dict[str, object]:
        """Return the figure as JSON."""
        return {**self._asdict(), "met": self.is_met}


def microseconds(*functions: Callable[[], object], repeats: int = REPEATS) -> tuple[float, ...]:
    """Return the median time of a call of each function, in microseconds.

    The functions take turns, so that what disturbs the machine disturbs all of them.
    """
    loops = [_loops(function) for function in functions]
    rounds = [
        [_timed(function, count) for function, count in zip(functions, loops, strict=True)] for _ in range(repeats)
    ]
    return tuple(statistics.median(times) for times in zip(*rounds, strict=True))


def ratio(
    case: str,
    what: str,
    slow: float | None,
    fast: float | None,
    note: str = "",
    *,
    samples: int = 0,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Figure:
    """Return how many times as long the slow one takes; without a value if one of them has none."""
    value = slow / fast if slow is not None and fast else None
    return Figure(case, what, value, "x", note, samples, at_most, at_least)


def missing(case: str, what: str, unit: str, why: str) -> Figure:
    """Return the row of something that could not be measured, such as a package that is not installed."""
    return Figure(case, what, None, unit, why)


def repeats(wanted: int) -> int:
    """Return how often to measure: as wanted, or once when the run shall be quick."""
    return 1 if is_quick() else wanted


def is_quick() -> bool:
    """Whether figures are only wanted to see that the benchmarks work; child processes see it, too."""
    return os.environ.get(_QUICK) == "1"


def be_quick() -> None:
    """Make `is_quick` true, here and in child processes."""
    os.environ[_QUICK] = "1"


def rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Return figures as cells of text: case, what, value, unit, aim, n, note."""
    return [
        (found.case, found.what, _number(found.value), found.unit, _aim(found), str(found.samples or ""), found.note)
        for found in figures
    ]


def _number(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return _UNMEASURED
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.2f}"


def _aim(found: Figure) -> str:
    parts = [
        f"{sign} {bound:,g}" for sign, bound in (("<=", found.at_most), (">=", found.at_least)) if bound is not None
    ]
    verdict = {True: "met", False: "MISSED", None: ""}[found.is_met]
    return " ".join([*parts, verdict]).strip()


def _loops(function: Callable[[], object]) -> int:
    """Return how many calls take long enough to be measured."""
    count = 1
    while _timed(function, count) * count < _MIN_S * 1e6:
        count *= 4
    return count


def _timed(function: Callable[[], object], count: int) -> float:
    calls = range(count)
    gc.disable()
    began = time.perf_counter()
    for _ in calls:
        function()
    took = time.perf_counter() - began
    gc.enable()
    return took / count * 1e6
