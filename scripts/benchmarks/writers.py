"""Many writers: 1, 4 and 16 runs that append at once, in threads and in processes, against the stock recorder.

One append is three events, 1.2 kB, durable when it returns. `stock` is the recorder of `eventsourcing` with its own
defaults, `coalescing` is flexes with `coalesce=on`. After each turn all is counted: nothing is lost, versions and
positions have no gaps; who loses something or gives up has no value. The floor is one INSERT and commit of the bytes.
"""

import statistics
from collections.abc import Callable

from appending.turn import in_processes, in_threads
from figures import Figure, missing, ratio, repeats
from ground.places import NO_POSTGRES, drop_database, new_database, new_folder, remove

APPENDS = 480
"""In one turn, by all writers together."""

WRITERS = (1, 4, 16)
TURNS = 3
FLOOR_AT_MOST = 1.3
STOCK_AT_LEAST = 2.0

_WAYS = {"threads": in_threads, "processes": in_processes}
_CONTENDERS = {"threads": ("stock", "flexes", "coalescing"), "processes": ("stock", "flexes")}
Case = tuple[str, str, int]
"""Way, contender and number of writers."""


def figures() -> list[Figure]:
    """Return appends of a second and their ratios, of each database."""
    return [figure for kind in ("sqlite", "postgresql") for figure in _database(kind)]


def _database(kind: str) -> list[Figure]:
    if kind == "postgresql" and new_database("probe") is None:
        return [missing("postgresql", "appends", "1/s", NO_POSTGRES)]
    cases: list[Case] = [("threads", "floor", 1)]
    cases += [(way, name, count) for count in WRITERS for way in _WAYS if count > 1 or way == "threads"
              for name in _CONTENDERS[way]]  # fmt: skip
    turns: dict[Case, list[float]] = {case: [] for case in cases}
    faults: dict[Case, str] = {}
    for _ in range(repeats(TURNS)):
        for case in cases:
            try:
                turns[case].append(_turn(kind, case))
            except RuntimeError as error:
                faults[case] = str(error)
    rates = {case: statistics.median(found) for case, found in turns.items() if case not in faults}
    return [figure for case in cases for figure in _figures(kind, case, rates, faults)]


def _turn(kind: str, case: Case) -> float:
    way, name, writers = case
    run: Callable[[str, str, int, int], float] = _WAYS[way]
    if kind == "sqlite":
        folder = new_folder("writers")
        try:
            return run(name, f"sqlite:///{folder / 'log.db'}", writers, APPENDS // writers)
        finally:
            remove(folder)
    url = new_database("writers")
    assert url is not None
    try:
        return run(name, url, writers, APPENDS // writers)
    finally:
        drop_database(url)


def _figures(kind: str, case: Case, rates: dict[Case, float], faults: dict[Case, str]) -> list[Figure]:
    way, name, writers = case
    where, turns = f"{kind}, {writers} in {way}", repeats(TURNS)
    if case in faults:
        return [missing(where, f"{name}: appends", "1/s", faults[case])]
    found = [Figure(where, f"{name}: appends", rates[case], "1/s", samples=turns)]
    if name not in ("floor", "stock"):
        aim = STOCK_AT_LEAST if writers == max(WRITERS) else None
        stock = rates.get((way, "stock", writers))
        found.append(ratio(where, f"{name}: rate / stock", rates[case], stock, samples=turns, at_least=aim))
    if name == "flexes" and writers == 1:
        floor, what = rates.get(("threads", "floor", 1)), "flexes: time of an append / floor"
        found.append(ratio(where, what, floor, rates[case], samples=turns, at_most=FLOOR_AT_MOST))
    return found
