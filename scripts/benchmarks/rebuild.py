"""Rebuild of all projections over 200,000 events: against the floor, against the stock ProjectionRunner, in memory.

The log is made of the runs that the scenarios of the tests are, over and over, each time under another run id. The
floor reads every row, parses its JSON, and inserts in bulk the rows that the projections made, into tables with the
same keys; with indexes, it also makes the secondary ones. Each rebuild is a process of its own, with a worker a core.
"""

import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from figures import Figure, is_quick, missing, ratio, repeats
from ground.places import NO_POSTGRES, drop_database, new_database, new_folder, remove

from flexes.ids import derived_run_id
from flexes.policy.problems import validated
from flexes.scenario.documents import load_document
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent, Row, Store
from flexes.store.urls import open_store
from flexes_projections import ddl, registry
from flexes_projections.catalogue import ALL
from flexes_projections.database import Database
from flexes_projections.filling import Workers, most_workers
from flexes_projections.opening import open_database
from flexes_projections.rebuild import rebuild
from flexes_projections.table import Table

EVENTS = 200_000
SHORT = 20_000
OF_STOCK = 2_000
QUICKLY = 2_000
ROUNDS = 3
READ = 5_000
WRITTEN = 10_000
STATUS = Path("/proc/self/status")
SCENARIOS = Path(__file__).resolve().parents[2] / "tests" / "transcripts" / "scenarios"

AT_MOST_TIMES_THE_FLOOR = 3.0
AT_LEAST_TIMES_STOCK = 20.0
AT_MOST_TIMES_THE_MEMORY = 1.25


class Took(NamedTuple):
    """A rebuild: seconds an event, and the most memory that its processes had together, in megabytes."""

    seconds: float
    megabytes: float


class Floor(NamedTuple):
    """Seconds an event: reading and parsing, inserting, making indexes."""

    read: float
    inserted: float
    indexed: float


def figures() -> list[Figure]:
    """Return the cost of an event on each database, its ratios to floor and stock runner, and peak memory."""
    runs = [_events(path) for path in sorted(SCENARIOS.glob("*.yaml"))]
    folder = new_folder("rebuild")
    found = _measured("sqlite", [f"sqlite:///{folder / name}.db" for name in ("long", "short", "stock")], runs)
    remove(folder)
    urls = [new_database("rebuild") for _ in range(3)]
    if None in urls:
        return [*found, missing("postgresql", "flexes", "us", NO_POSTGRES)]
    found += _measured("postgresql", [str(url) for url in urls], runs)
    for url in urls:
        drop_database(str(url))
    return found


def _measured(case: str, urls: Sequence[str], runs: Sequence[Sequence[NewEvent]]) -> list[Figure]:
    long, short, stock = urls
    events = QUICKLY if is_quick() else EVENTS
    _fill(long, runs, events)
    _fill(short, runs, min(SHORT, events))
    took, floors = [], []
    for _ in range(repeats(ROUNDS)):
        took.append(_apart(long, most_workers()))
        floors.append(_floor(long))
    stocks = [_stock(stock, long)]
    small, alone = _apart(short, most_workers()), _apart(long, 1)
    return _figures(case, took, floors, statistics.median(stocks), small, alone)


def _figures(case: str, took: list[Took], floors: list[Floor], stock: float, small: Took, alone: Took) -> list[Figure]:
    n = len(took)
    own = statistics.median(each.seconds for each in took)
    bare = statistics.median(each.read + each.inserted for each in floors)
    whole = statistics.median(sum(each) for each in floors)
    peak = statistics.median(each.megabytes for each in took)
    return [
        Figure(case, "floor", bare * 1e6, "us/event", "read, parse, bulk insert", n),
        Figure(case, "floor with indexes", whole * 1e6, "us/event", "and secondary indexes", n),
        Figure(case, "flexes", own * 1e6, "us/event", f"all projections, with indexes, {most_workers()} workers", n),
        Figure(case, "flexes, one process", alone.seconds * 1e6, "us/event", "with --workers 1", 1),
        ratio(case, "flexes / floor", own, bare, samples=n, at_most=AT_MOST_TIMES_THE_FLOOR),
        ratio(case, "flexes / floor with indexes", own, whole, samples=n),
        Figure(case, "ProjectionRunner", stock * 1e6, "us/event", f"the same rows, {OF_STOCK:,} events", 1),
        ratio(case, "ProjectionRunner / flexes", stock, own, samples=1, at_least=AT_LEAST_TIMES_STOCK),
        Figure(case, "peak memory", peak, "MB", "of all processes that rebuild", n),
        Figure(case, "peak memory, one process", alone.megabytes, "MB", "with --workers 1", 1),
        ratio(case, "peak memory / that of a short log", peak, small.megabytes, at_most=AT_MOST_TIMES_THE_MEMORY),
    ]


def _events(path: Path) -> tuple[NewEvent, ...]:
    store = MemoryStore()
    simulate(validated(Scenario, load_document(path), "scenario"), store)
    return tuple(NewEvent(*row[1:5]) for row in store.read_all(0, 100_000))


def _fill(url: str, runs: Sequence[Sequence[NewEvent]], events: int) -> None:
    """Append copies of the runs, one after the other, until the log is long enough."""
    with closing(open_store(url)) as store:
        for number in count():
            run_id = derived_run_id(f"copy {number}")
            store.append([event._replace(run_id=run_id) for event in runs[number % len(runs)]])
            if store.last_position() >= events:
                return


def _apart(url: str, processes: int) -> Took:
    """Return what a rebuild in a process of its own, with so many workers, took."""
    command = [sys.executable, __file__, url, str(processes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Took(*json.loads(done.stdout))


def _rebuilt(url: str, processes: int) -> Took:
    with closing(open_store(url)) as store, closing(open_database(url)) as database:
        began = time.perf_counter()
        events = rebuild(store, database, workers=Workers(url, processes))
        seconds = (time.perf_counter() - began) / events
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Took(seconds, _peak_megabytes() + processes * largest)


def _peak_megabytes() -> float:
    """Return the most memory that this process had; what `getrusage` says includes that of the process before it."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def _floor(url: str) -> Floor:
    with closing(open_store(url)) as store, closing(open_database(url)) as database:
        events, read = _read(store)
        inserted = indexed = 0.0
        with closing(open_database(url)) as source:
            for table, name in _live(database):
                inserted += _inserted(source, database, table, name)
                indexed += _timed(database, ddl.create_indexes(table, f"floor_{table.name}"))
                _timed(database, [f"DROP TABLE floor_{table.name}"])
    return Floor(read / events, inserted / events, indexed / events)


def _read(store: Store) -> tuple[int, float]:
    began, after, events = time.perf_counter(), 0, 0
    while rows := store.read_all(after, READ):
        for row in rows:
            orjson.loads(row.data)
        after, events = rows[-1].position, events + len(rows)
    return events, time.perf_counter() - began


def _inserted(source: Database, database: Database, table: Table, name: str) -> float:
    """Return how long it takes to insert the rows of a table into another one, reading them left out."""
    copy, seconds = f"floor_{table.name}", 0.0
    _timed(database, [ddl.create_table(table, copy, database.dialect)])
    for rows in _chunks(source, table, name):
        gc.disable()
        began = time.perf_counter()
        database.write(lambda session, rows=rows: session.insert(table, copy, rows))  # type: ignore[misc]
        seconds += time.perf_counter() - began
        gc.enable()
    return seconds


def _chunks(source: Database, table: Table, name: str) -> Iterator[list[tuple[Any, ...]]]:
    keys, after = ", ".join(column.name for column in table.key), ""
    parameters: tuple[Any, ...] = ()
    while True:
        sql = f"SELECT {', '.join(table.names)} FROM {name}{after} ORDER BY {keys} LIMIT {WRITTEN}"
        rows = source.read(lambda session, sql=sql, given=parameters: session.select(sql, given))  # type: ignore[misc]
        if not rows:
            return
        yield rows
        after, parameters = f" WHERE ({keys}) > ({', '.join('?' * table.key_size)})", rows[-1][: table.key_size]


def _live(database: Database) -> list[tuple[Table, str]]:
    found = database.read(registry.generations)
    numbers = {each.name: each.generation for each in found if each.phase == "live"}
    return [(table, ddl.table_name(table, numbers[each.name])) for each in ALL for table in each.tables]


def _timed(database: Database, statements: Sequence[str]) -> float:
    began = time.perf_counter()
    database.write(lambda session: [session.execute(statement) for statement in statements])
    return time.perf_counter() - began


def _stock(url: str, log: str) -> float:
    from peers.projection_runner import seconds_an_event

    with closing(open_store(log)) as store:
        rows: Sequence[Row] = store.read_all(0, OF_STOCK // (10 if is_quick() else 1))
    return seconds_an_event(url, rows)


if __name__ == "__main__":
    print(json.dumps(_rebuilt(sys.argv[1], int(sys.argv[2]))))
