"""One turn: several writers, let go at once, each with a run of its own; afterwards what is stored is counted."""

import multiprocessing
import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier, BrokenBarrierError
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from ground.database import Database

from appending.contenders import EVENTS, Append, opened

_SPAWN = multiprocessing.get_context("spawn")
_PATIENCE_S = 120.0


class Turn(NamedTuple):
    """What writers did together: appends of a second, and the seconds of the longest one, its wait included."""

    rate: float
    longest_s: float


def by_turns(urls: Mapping[str, str], appends: int) -> dict[str, float]:
    """Return the median seconds of an append of each contender, one writer each, which take turns after every append.

    A disk is at times ten times as slow as at others, so that longer turns would compare the times of day.
    """
    took: dict[str, list[float]] = {name: [] for name in urls}
    with ExitStack() as stack:
        writers = {name: (stack.enter_context(opened(name, url)), uuid4()) for name, url in urls.items()}
        for first in range(1, appends * EVENTS, EVENTS):
            for name, (append, run) in writers.items():
                began = time.perf_counter()
                append(run, first)
                took[name].append(time.perf_counter() - began)
    for name, url in urls.items():
        _check(name, url, appends, [])
    return {name: statistics.median(times) for name, times in took.items()}


def in_threads(name: str, url: str, writers: int, appends: int) -> Turn:
    """Let threads append that share one contender.

    Raises:
        RuntimeError: A writer gave up, or not everything is stored.
    """
    barrier = Barrier(writers + 1)
    with opened(name, url) as append, ThreadPoolExecutor(writers) as pool:
        _write(append, uuid4(), 1)
        futures = [pool.submit(_write, append, uuid4(), appends, barrier) for _ in range(writers)]
        barrier.wait(_PATIENCE_S)
        began = time.perf_counter()
        failures = [error for future in futures if (error := future.exception()) is not None]
        took = time.perf_counter() - began
    _check(name, url, writers * appends + 1, failures)
    return Turn(writers * appends / took, max(future.result() for future in futures))


def in_processes(name: str, url: str, writers: int, appends: int) -> Turn:
    """Let processes append that each open a contender; raises as `in_threads` does."""
    with opened(name, url) as append:
        _write(append, uuid4(), 1)
    barrier, answers = _SPAWN.Barrier(writers + 1), _SPAWN.SimpleQueue()
    processes = [_SPAWN.Process(target=_process, args=(name, url, appends, barrier, answers)) for _ in range(writers)]
    for process in processes:
        process.start()
    try:
        barrier.wait(_PATIENCE_S)
        began = time.perf_counter()
        barrier.wait(_PATIENCE_S)
        took = time.perf_counter() - began
    except BrokenBarrierError:
        raise RuntimeError("a writer did not come to its end") from None
    finally:
        for process in processes:
            process.join(_PATIENCE_S)
            process.kill()
    found = [answers.get() for _ in processes]
    _check(name, url, writers * (appends + 1) + 1, [answer for answer in found if isinstance(answer, str)])
    return Turn(writers * appends / took, max(found))


def _process(name: str, url: str, appends: int, barrier: Any, answers: Any) -> None:
    with opened(name, url, is_new=False) as append:
        _write(append, uuid4(), 1)
        barrier.wait(_PATIENCE_S)
        try:
            answers.put(_write(append, uuid4(), appends))
        except Exception as error:
            answers.put(repr(error))
        barrier.wait(_PATIENCE_S)


def _write(append: Append, run: UUID, appends: int, barrier: Barrier | None = None) -> float:
    """Append, and return the seconds of the longest one."""
    if barrier is not None:
        barrier.wait(_PATIENCE_S)
    longest_s = 0.0
    for first in range(1, appends * EVENTS, EVENTS):
        began = time.perf_counter()
        append(run, first)
        longest_s = max(longest_s, time.perf_counter() - began)
    return longest_s


def _check(name: str, url: str, appends: int, failures: list[Any]) -> None:
    """Raise unless every append is stored, each run without a gap, and the log without a gap."""
    if failures:
        raise RuntimeError(f"a writer gave up: {failures[0]}")
    if name == "floor":
        return
    database = Database(url)
    position = "notification_id" if url.startswith("postgres") else "rowid"
    wanted = appends * EVENTS
    for what, sql in (
        ("events", "SELECT count(*) FROM stored_events"),
        ("positions", f"SELECT max({position}) FROM stored_events"),
        ("versions", "SELECT sum(n) FROM (SELECT max(originator_version) AS n FROM stored_events"
         " GROUP BY originator_id) AS runs"),
    ):  # fmt: skip
        found = database.count(sql)
        if found != wanted:
            raise RuntimeError(f"{name}: {found} {what} are stored, not {wanted}")
