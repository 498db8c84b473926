"""What every store promises to several writers and readers at once, in threads and in processes."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, aclosing, closing, contextmanager
from pathlib import Path
from threading import Barrier
from time import sleep
from uuid import uuid4

from flexes.errors import VersionConflict
from flexes.ids import RunId
from flexes.store.digest import verify_chain
from flexes.store.port import NewEvent, Row, Store
from flexes.store.tail import tail
from flexes.store.urls import open_store

RUN = RunId("00000000-0000-4000-8000-000000000001")
WRITER = Path(__file__).with_name("writer.py")
HOLDER = Path(__file__).with_name("holder.py")
Process = subprocess.Popen[str]


def read_until(store: Store, done: Callable[[], bool]) -> list[Row]:
    """Follow the log from the start, close behind the writers, until `done` and nothing more comes."""
    seen: list[Row] = []
    while True:
        finished = done()
        rows = store.read_all(seen[-1].position if seen else 0, 1_000)
        seen += rows
        if not rows:
            if finished:
                return seen
            sleep(0.001)


@contextmanager
def writers(url: str, mode: str, runs: list[RunId], count: int) -> Iterator[list[Process]]:
    """Start one writer process for each run, all of them let go at the same time."""
    with ExitStack() as stack:
        started: list[Process] = []
        for number, run_id in enumerate(runs):
            command = [sys.executable, str(WRITER), url, mode, run_id, f"writer{number}", str(count)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            started.append(stack.enter_context(process))
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield started


def test_of_two_threads_exactly_one_wins(store: Store) -> None:
    """Two threads that append the same version: one succeeds, the other gets a conflict, each time."""
    barrier = Barrier(2)

    def attempt(version: int, name: bytes) -> bool:
        barrier.wait()
        try:
            store.append([NewEvent(RUN, version, "Raced", name)])
        except VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        for version in range(1, 41):
            results = list(pool.map(attempt, (version, version), (b"left", b"right")))
            assert sorted(results) == [False, True]
    assert verify_chain(store.read(RUN)) is None


def test_of_two_processes_exactly_one_wins(durable_url: str) -> None:
    """Two processes that append the same versions of one run: every version is won by exactly one of them."""
    with writers(durable_url, "race", [RUN, RUN], 60) as started:
        won = [{int(version) for version in process.communicate()[0].split()} for process in started]
    assert won[0] | won[1] == set(range(1, 61))
    assert won[0] & won[1] == set()
    with closing(open_store(durable_url)) as store:
        rows = store.read(RUN)
    assert {row.version for row in rows if row.data == b"writer0"} == won[0]
    assert verify_chain(rows) is None


def test_a_tailing_reader_misses_nothing_of_16_threads(store: Store) -> None:
    """A reader that follows the log while 16 threads write sees every event once, in position order."""

    def write(run_id: RunId) -> None:
        for first in range(1, 75, 3):
            store.append([NewEvent(run_id, first + step, "Owned", b"x") for step in range(3)])

    with ThreadPoolExecutor(16) as pool:
        futures = [pool.submit(write, RunId(str(uuid4()))) for _ in range(16)]
        seen = read_until(store, lambda: not wait(futures, timeout=0).not_done)
    for future in futures:
        future.result()
    assert len(seen) == 16 * 75
    assert [row.position for row in seen] == sorted({row.position for row in seen})


def test_tail_follows_every_store(store: Store) -> None:
    """`tail` yields what is stored and what is appended while it waits, each event once, on every store."""

    async def follow() -> list[int]:
        seen: list[int] = []
        async with aclosing(tail(store, 0, limit=2)) as batches:
            async for batch in batches:
                seen += [row.version for row in batch]
                if seen[-1] == 6:
                    return seen
                if len(seen) % 3 == 0:
                    store.append([NewEvent(RUN, len(seen) + step, "Happened", b"x") for step in (1, 2, 3)])
        return seen

    store.append([NewEvent(RUN, version, "Happened", b"x") for version in (1, 2, 3)])
    assert asyncio.run(follow()) == [1, 2, 3, 4, 5, 6]


def test_a_tailing_reader_misses_nothing_of_16_processes(durable: Store, durable_url: str) -> None:
    """A reader that follows the log while 16 processes write sees every event once, each run in order."""
    runs = [RunId(str(uuid4())) for _ in range(16)]
    with writers(durable_url, "own", runs, 10) as started:
        seen = read_until(durable, lambda: all(process.poll() is not None for process in started))
        assert [process.returncode for process in started] == [0] * 16
    assert len(seen) == 16 * 300
    for run_id in runs:
        assert verify_chain(row for row in seen if row.run_id == run_id) is None


def test_several_processes_may_start_on_an_empty_place(durable_url: str) -> None:
    """The tables are made once, whichever of several processes that start at once comes first."""
    runs = [RunId(str(uuid4())) for _ in range(6)]
    with writers(durable_url, "own", runs, 1) as started:
        assert [process.wait() for process in started] == [0] * 6
    with closing(open_store(durable_url)) as store:
        assert {head.run_id for head in store.heads()} == set(runs)


def test_a_killed_writer_leaves_whole_appends(durable_url: str) -> None:
    """SIGKILL while appending leaves every append stored whole or not at all, and the next one works."""
    for _ in range(4):
        with writers(durable_url, "flood", [RUN], 0) as [process]:
            assert process.stdout is not None
            assert process.stdout.readline() == "flooding\n"
            process.kill()
    with closing(open_store(durable_url)) as store:
        rows = store.read(RUN)
        assert len(rows) >= 160
        assert len(rows) % 40 == 0
        assert verify_chain(rows) is None
        assert store.append([NewEvent(RUN, len(rows) + 1, "Happened", b"next")])[0] > rows[-1].position


def test_who_is_killed_holds_up_nobody(durable_url: str) -> None:
    """SIGKILL of the writer whose turn it is and of one who waits: the others go on, nothing of those two is stored."""
    held, doomed, *patient = runs = [RunId(str(uuid4())) for _ in range(5)]
    with ExitStack() as stack:
        open_store(durable_url).close()
        command = [sys.executable, str(HOLDER), durable_url, held]
        holder = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        waiting = stack.enter_context(writers(durable_url, "own", patient, 4))
        [killed] = stack.enter_context(writers(durable_url, "flood", [doomed], 0))
        killed.kill()
        assert [process.poll() for process in waiting] == [None] * 3
        holder.kill()
        assert [process.wait() for process in waiting] == [0] * 3
    with closing(open_store(durable_url)) as store:
        rows = {run_id: store.read(run_id) for run_id in runs}
        log = store.read_all(0, 1_000)
    assert [len(rows[run_id]) for run_id in runs] == [0, 0, 120, 120, 120]
    assert [verify_chain(rows[run_id]) for run_id in patient] == [None] * 3
    assert len({row.position for row in log}) == len(log) == 360
