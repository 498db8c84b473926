"""What a benchmark gives: figures, each a case, what was measured, a value and its unit."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

REPEATS = 7
_MIN_S = 0.02


class Figure(NamedTuple):
    """One measured value; `note` says what it is compared with, or what it should be."""

    case: str
    what: str
    value: float
    unit: str
    note: str = ""


def microseconds(*functions: Callable[[], object], repeats: int = REPEATS) -> tuple[float, ...]:
    """Return the median time of a call of each function, in microseconds.

    The functions take turns, so that what disturbs the machine disturbs all of them.
    """
    loops = [_loops(function) for function in functions]
    rounds = [
        [_timed(function, count) for function, count in zip(functions, loops, strict=True)] for _ in range(repeats)
    ]
    return tuple(statistics.median(times) for times in zip(*rounds, strict=True))


def ratio(case: str, what: str, slow: float, fast: float, note: str = "") -> Figure:
    """Return how many times as long the slow one takes."""
    return Figure(case, what, slow / fast, "x", note)


def rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Return figures as cells of text."""
    return [(found.case, found.what, f"{found.value:,.2f}", found.unit, found.note) for found in figures]


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
