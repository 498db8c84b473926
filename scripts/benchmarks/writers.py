"""Many writers: 1, 4 and 16 runs that append at once, in threads and in processes, against the stock recorder.

One append is three events, 1.2 kB, durable when it returns. `stock` is the recorder of `eventsourcing` with its own
defaults, `coalescing` is flexes with `coalesce=on`. After each turn all is counted: nothing is lost, versions and
positions have no gaps; who loses something or gives up has no value. The floor is one INSERT and commit of the bytes.
The longest append of a turn, its wait included, shows whether writers take turns or starve.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TypeVar

from appending.turn import Turn, by_turns, in_processes, in_threads
from figures import Figure, missing, ratio, repeats
from ground.places import NO_POSTGRES, drop_database, new_database, new_folder, postgres_url, remove

APPENDS = 480
"""In one turn: by all writers together, or by one alone."""

WRITERS = (4, 16)
TURNS = 3
FLOOR_AT_MOST = 1.3
STOCK_AT_LEAST = 2.0

_ALONE = ("floor", "stock", "flexes", "coalescing")
_WAYS = {"threads": in_threads, "processes": in_processes}
_CONTENDERS = {"threads": ("stock", "flexes", "coalescing"), "processes": ("stock", "flexes")}
Found = TypeVar("Found")
Case = tuple[str, str, int]
"""Way, contender and number of writers."""


def figures() -> list[Figure]:
    """Return the time of an append alone, and appends of a second of many, with their ratios, of each database."""
    return [figure for kind in ("sqlite", "postgresql") for figure in _database(kind)]


def _database(kind: str) -> list[Figure]:
    if kind == "postgresql" and postgres_url() is None:
        return [missing("postgresql", "appends", "1/s", NO_POSTGRES)]
    return [*_alone(kind), *_together(kind)]


def _alone(kind: str) -> list[Figure]:
    turns = [_on_new(kind, _ALONE, lambda urls: by_turns(urls, APPENDS)) for _ in range(repeats(TURNS))]
    took = {name: statistics.median(turn[name] for turn in turns) * 1e6 for name in _ALONE}
    where, samples = f"{kind}, 1 writer", len(turns)
    found = [Figure(where, f"{name}: an append", took[name], "us", samples=samples) for name in _ALONE]
    floor, stock, own = took["floor"], took["stock"], took["flexes"]
    found.append(ratio(where, "flexes / floor", own, floor, samples=samples, at_most=FLOOR_AT_MOST))
    found.append(ratio(where, "stock / flexes", stock, own, samples=samples))
    return found


def _together(kind: str) -> list[Figure]:
    cases: list[Case] = [
        (way, name, count) for count in WRITERS for way, names in _CONTENDERS.items() for name in names
    ]
    turns: dict[Case, list[Turn]] = {case: [] for case in cases}
    faults: dict[Case, str] = {}
    for _ in range(repeats(TURNS)):
        for case in cases:
            try:
                turns[case].append(_turn(kind, case))
            except RuntimeError as error:
                faults[case] = str(error)
    medians = {
        case: Turn(*map(statistics.median, zip(*found, strict=True)))
        for case, found in turns.items()
        if case not in faults
    }
    return [figure for case in cases for figure in _figures(kind, case, medians, faults)]


def _turn(kind: str, case: Case) -> Turn:
    way, name, writers = case
    return _on_new(kind, (name,), lambda urls: _WAYS[way](name, urls[name], writers, APPENDS // writers))


def _on_new(kind: str, names: Sequence[str], work: Callable[[Mapping[str, str]], Found]) -> Found:
    """Do work on an empty database for each name."""
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        for name in names:
            if kind == "sqlite":
                folder = new_folder("writers")
                stack.callback(remove, folder)
                urls[name] = f"sqlite:///{folder / 'log.db'}"
            else:
                url = new_database("writers")
                assert url is not None
                stack.callback(drop_database, url)
                urls[name] = url
        return work(urls)


def _figures(kind: str, case: Case, medians: dict[Case, Turn], faults: dict[Case, str]) -> list[Figure]:
    way, name, writers = case
    where, samples = f"{kind}, {writers} {way}", repeats(TURNS)
    if case in faults:
        return [missing(where, f"{name}: appends", "1/s", faults[case])]
    rate, longest_s = medians[case]
    found = [
        Figure(where, f"{name}: appends", rate, "1/s", samples=samples),
        Figure(where, f"{name}: longest append", longest_s * 1e3, "ms", samples=samples),
    ]
    if name != "stock":
        aim = STOCK_AT_LEAST if writers == max(WRITERS) else None
        stock = medians.get((way, "stock", writers))
        found.append(ratio(where, f"{name} / stock", rate, stock and stock.rate, samples=samples, at_least=aim))
    return found
