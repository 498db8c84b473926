"""What it takes to come back to a run of 1,000, 10,000 or 100,000 events: with a snapshot, and from its events alone.

`nodes` is a run of as many nodes in a row as it takes, each with 120 bytes of output; `signals` a plan of 50 nodes that
signals from outside reach. `loaded` is what `Ledger.load` takes in a process that has never seen the run; `resumed`
adds what the run waits for and the decision on the command that comes next, which reads what it needs of the snapshot.
"""

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson
from figures import Figure, is_quick, ratio, repeats
from ground.logs import LongRun, Shape, long_run
from ground.places import NO_POSTGRES, drop_database, new_database, new_folder, remove

from flexes.ids import RunId
from flexes.run.collector import resting_collector
from flexes.run.decide import decided_commit
from flexes.run.evolve import fold
from flexes.run.outstanding import outstanding
from flexes.run.state import State
from flexes.shell.clock import SystemClock
from flexes.shell.ledger import SNAPSHOT_GROWTH, Ledger
from flexes.store.codec import decode_all
from flexes.store.port import Store
from flexes.store.snapshots import snapshot_of
from flexes.store.urls import open_store

LENGTHS = (1_000, 10_000, 100_000)
SHAPES: tuple[Shape, ...] = ("nodes", "signals")
ROUNDS = 5
MS_WITH_SNAPSHOT = 10.0
EVENTS_A_SECOND = 100_000.0


def figures() -> list[Figure]:
    """Return the times to load and to resume, and the rate of replay beside the bare reading of the same rows."""
    found: list[Figure] = []
    for shape in SHAPES:
        for length in LENGTHS[:1] if is_quick() else LENGTHS:
            run = long_run(shape, length)
            folder = new_folder("load")
            found += _on(f"sqlite:///{folder / 'runs.db'}", f"{shape} {length:,}, sqlite", run)
            remove(folder)
            found += _on_postgres(f"{shape} {length:,}, postgresql", run)
    return found


def _on_postgres(case: str, run: LongRun) -> list[Figure]:
    url = new_database("load")
    if url is None:
        return [Figure(case, "loaded, snapshot", None, "ms", NO_POSTGRES)]
    try:
        return _on(url, case, run)
    finally:
        drop_database(url)


def _on(url: str, case: str, run: LongRun) -> list[Figure]:
    store = open_store(url)
    try:
        store.append(run.events)
        found = [*_replay(store, case, run), *_loading(store, case, run, "no snapshot", None)]
        early = int(len(run.events) / SNAPSHOT_GROWTH)
        store.save_snapshot(snapshot_of(run.at(early)))
        found += _loading(store, case, run, f"snapshot {len(run.events) - early:,} events ago", None)
        snapshot = snapshot_of(run.state)
        store.save_snapshot(snapshot)
        found += _loading(store, case, run, "snapshot", MS_WITH_SNAPSHOT)
        held = sum(len(event.data) for event in run.events)
        return [*found, Figure(case, "snapshot / bytes of events", len(snapshot.data) / held, "x")]
    finally:
        store.close()


def _replay(store: Store, case: str, run: LongRun) -> list[Figure]:
    """Return the rate of reading and folding all events, and of reading and parsing alone; no collector runs."""
    run_id = run.state.run_id
    with resting_collector():
        replay, floor = _milliseconds(
            lambda: fold(decode_all(store.read(run_id))),
            lambda: [orjson.loads(row.data) for row in store.read(run_id)],
        )
    events, samples = len(run.events), repeats(ROUNDS)
    return [
        Figure(case, "replayed", events / replay * 1e3, "events/s", "", samples, at_least=EVENTS_A_SECOND),
        ratio(case, "replay against reading and parsing alone", replay, floor, samples=samples),
    ]


def _loading(store: Store, case: str, run: LongRun, how: str, aim: float | None) -> list[Figure]:
    def load() -> State:
        return Ledger(store, SystemClock()).require(RunId(run.state.run_id))

    def resume() -> object:
        state = load()
        return outstanding(state), decided_commit(state, run.following)

    assert load().version == len(run.events)
    loaded, resumed = _milliseconds(load, resume)
    samples = repeats(ROUNDS)
    return [
        Figure(case, f"loaded, {how}", loaded, "ms", "", samples, at_most=aim),
        Figure(case, f"resumed, {how}", resumed, "ms", "", samples),
    ]


def _milliseconds(*functions: Callable[[], Any]) -> list[float]:
    """Return the median time of a call of each function; they take turns."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats(ROUNDS)):
        for place, function in enumerate(functions):
            gc.collect()
            began = time.perf_counter()
            kept = function()
            times[place].append((time.perf_counter() - began) * 1e3)
            del kept
    return [statistics.median(one) for one in times]
