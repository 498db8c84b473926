"""What a coalescing store promises beyond the others: nobody pays for another's append, or hears of his too early."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flexes.errors import StoreUnavailable, VersionConflict
from flexes.ids import RunId
from flexes.store.digest import verify_chain
from flexes.store.port import BatchStore, NewEvent, Store
from flexes.store.urls import open_store

RUN = RunId("00000000-0000-4000-8000-000000000001")
THREADS = 16
PROCESS = Path(__file__).with_name("acknowledging.py")
Appended = Future[tuple[int, ...]]


@pytest.fixture(params=("sqlite", "postgresql"))
def plain_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store of each database."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'flexes.db'}"


@pytest.fixture
def url(plain_url: str) -> str:
    """Return the URL of an empty store that coalesces."""
    return f"{plain_url}{'&' if '?' in plain_url else '?'}coalesce=on"


@pytest.fixture
def coalescing(url: str) -> Iterator[Store]:
    """Open it."""
    with closing(open_store(url)) as store:
        yield store


@pytest.fixture
def plain(plain_url: str) -> Iterator[BatchStore]:
    """Open the store that coalescing stores stand before."""
    with closing(open_store(plain_url)) as store:
        assert isinstance(store, BatchStore)
        yield store


def event(run_id: RunId, version: int, data: bytes = b"x") -> NewEvent:
    """Return an event."""
    return NewEvent(run_id, version, "Happened", data)


def new_runs(count: int) -> list[RunId]:
    """Return ids of runs that do not exist."""
    return [RunId(str(uuid4())) for _ in range(count)]


def appended(store: Store, batch: list[list[NewEvent]]) -> list[Appended]:
    """Append all at once, each in a thread of its own; return when all have ended."""
    with ThreadPoolExecutor(len(batch)) as pool:
        return [pool.submit(store.append, events) for events in batch]


def outcome(future: Appended) -> Any:
    """Return the positions, or the class of the error."""
    error = future.exception()
    return future.result() if error is None else type(error)


def test_a_batch_takes_what_fits(plain: BatchStore) -> None:
    """Each append of a batch is stored whole, in the order given, or not at all if its version is not the next one."""
    first, second, third, fourth = new_runs(4)
    plain.append([event(first, 1)])
    found = plain.append_batch(
        [
            [event(second, 1), event(second, 2)],
            [event(first, 1), event(first, 2)],
            [event(third, 2)],
            [event(fourth, 1)],
        ]
    )
    rows = plain.read_all(0, 10)
    assert [(row.run_id, row.version) for row in rows] == [(first, 1), (second, 1), (second, 2), (fourth, 1)]
    assert found == [(rows[1].position, rows[2].position), None, None, (rows[3].position,)]


def test_a_batch_goes_on_from_what_was_appended(plain: BatchStore) -> None:
    """Batches chain their digests to what single appends and earlier batches of the same store left."""
    runs = new_runs(3)
    for run_id in runs:
        plain.append([event(run_id, 1)])
    for version in (2, 3):
        assert None not in plain.append_batch([[event(run_id, version, b"%d" % version)] for run_id in runs])
    for run_id in runs:
        assert plain.append([event(run_id, 4)])
        assert verify_chain(plain.read(run_id)) is None


def test_nothing_is_lost_of_many_threads(coalescing: Store) -> None:
    """Of 16 threads every append is stored once and whole, at the positions that the thread was told."""
    runs = new_runs(THREADS)

    def write(run_id: RunId) -> list[int]:
        return [
            position
            for first in range(1, 91, 3)
            for position in coalescing.append([event(run_id, first + step) for step in range(3)])
        ]

    with ThreadPoolExecutor(THREADS) as pool:
        told = dict(zip(runs, pool.map(write, runs), strict=True))
    for run_id in runs:
        rows = coalescing.read(run_id)
        assert [row.version for row in rows] == list(range(1, 91))
        assert [row.position for row in rows] == told[run_id]
        assert verify_chain(rows) is None
    assert [row.position for row in coalescing.read_all(0, 2_000)] == list(range(1, 16 * 90 + 1))


def test_a_conflict_is_the_loser_s_alone(coalescing: Store) -> None:
    """Among appends that come together, those of a wrong version are conflicts, and all others are stored."""
    for round_ in range(10):
        runs = new_runs(THREADS)
        late = [[event(run_id, 1 + number % 2, b"%d" % round_)] for number, run_id in enumerate(runs)]
        outcomes = [outcome(future) for future in appended(coalescing, late)]
        for number, run_id in enumerate(runs):
            fits = number % 2 == 0
            assert [row.position for row in coalescing.read(run_id)] == (list(outcomes[number]) if fits else [])
            assert fits or outcomes[number] is VersionConflict


def test_of_many_threads_on_one_run_exactly_one_wins(coalescing: Store) -> None:
    """Of 16 threads that append the same version of a run one is told a position, and it is its event that is there."""
    for version in range(1, 11):
        futures = appended(coalescing, [[event(RUN, version, b"%d" % number)] for number in range(THREADS)])
        [winner] = [number for number, future in enumerate(futures) if future.exception() is None]
        assert all(outcome(future) is VersionConflict for number, future in enumerate(futures) if number != winner)
        assert coalescing.read(RUN)[-1].data == b"%d" % winner
    assert verify_chain(coalescing.read(RUN)) is None


@pytest.mark.parametrize("bad", [object(), [1]], ids=["without length", "of a wrong type"])
def test_an_append_that_cannot_be_stored_fails_alone(coalescing: Store, bad: Any) -> None:
    """Among appends that come together, one with a value that no database takes fails, and all others are stored."""
    for _ in range(5):
        runs = new_runs(THREADS)
        batch = [[event(run_id, 1), event(run_id, 2)] for run_id in runs]
        batch[3] = [event(runs[3], 1), NewEvent(runs[3], 2, "Happened", bad)]
        futures = appended(coalescing, batch)
        assert futures[3].exception() is not None
        assert all(future.exception() is None for number, future in enumerate(futures) if number != 3)
        assert [len(coalescing.read(run_id)) for run_id in runs] == [
            0 if number == 3 else 2 for number in range(THREADS)
        ]


def test_appends_to_a_closed_store_all_fail(url: str) -> None:
    """After the close every thread that appends hears that the store is closed; none waits for ever."""
    store = open_store(url)
    store.close()
    futures = appended(store, [[event(run_id, 1)] for run_id in new_runs(THREADS)])
    assert [outcome(future) for future in futures] == [StoreUnavailable] * THREADS


def test_what_was_acknowledged_survives_sigkill(url: str) -> None:
    """Of a process killed while 16 threads append, every acknowledged append is stored, and each one whole."""
    for _ in range(3):
        process = subprocess.Popen([sys.executable, str(PROCESS), url, str(THREADS)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        acknowledged = dict(_acknowledgement(process.stdout.readline()) for _ in range(200))
        process.kill()
        for line in process.communicate()[0].splitlines(keepends=True):
            if line.endswith("\n"):
                acknowledged.update([_acknowledgement(line)])
        with closing(open_store(url)) as store:
            for run_id, version in acknowledged.items():
                rows = store.read(run_id)
                assert len(rows) >= version
                assert len(rows) % 3 == 0
                assert verify_chain(rows) is None


def test_a_failed_transaction_is_not_the_last(tmp_path: Path) -> None:
    """Threads whose common transaction fails get the store's error, none waits for ever, and later appends work."""
    path = tmp_path / "flexes.db"
    with closing(open_store(f"sqlite:///{path}?coalesce=on")) as store, closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TRIGGER full BEFORE INSERT ON stored_events BEGIN SELECT RAISE(ABORT, 'no space'); END")
        runs = new_runs(THREADS)
        futures = appended(store, [[event(run_id, 1)] for run_id in runs])
        assert [outcome(future) for future in futures] == [StoreUnavailable] * THREADS
        raw.execute("DROP TRIGGER full")
        assert None not in [future.exception() for future in futures]
        futures = appended(store, [[event(run_id, 1)] for run_id in runs])
        assert sorted(future.result() for future in futures) == [(position,) for position in range(1, THREADS + 1)]


def _acknowledgement(line: str) -> tuple[RunId, int]:
    run_id, version = line.split()
    return RunId(run_id), int(version)
