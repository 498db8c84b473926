"""Trying mutants: pytest collects the tests once, then each mutant gets a process of its own, forked from there.

1. All tests run once in a fork, to see that they pass, how long each takes, and which lines it executes.
2. Each mutant's fork runs the tests that execute what it changes, the sharpest first, until one fails.
"""

import contextlib
import gc
import json
import os
import pickle
import resource
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from inspect import CO_NEWLOCALS, CO_OPTIMIZED
from itertools import chain
from pathlib import Path
from types import CodeType
from typing import Final, NamedTuple, TextIO

import coverage
import pytest
from _pytest.runner import runtestprotocol
from mutants import Mutant
from mutmut.mutation.trampoline import set_mutant_under_test

SHARPEST: Final = (
    "tests/unit/",
    "test_its_transcript_is_golden",
    "test_it_comes_to_what_the_rules_say",
    "tests/transcripts/test_laws.py",
    "test_deciding_again_gives_what_was_stored",
    "tests/transcripts/test_transcripts.py",
)
"""The order of the tests: those that kill most for their time go first."""
ONLOOKERS: Final = (
    "test_its_transcript_is_golden",
    "test_it_comes_to_what_the_rules_say",
    "test_a_run_keeps_its_history",
)
"""Tests of a run that another test may have made before; they make it anew while lines are noted."""
MEMORY: Final = 4 << 30
PATIENCE_S: Final = 3.0
SLOWER: Final = 5.0
FOREVER_S: Final = 600.0

_KILLED: Final = 1


Executed = Mapping[str, Mapping[int, frozenset[int]]]
"""The tests, by their places, that execute each line of each module."""


class Trial(NamedTuple):
    """What became of a mutant: "killed", with the test that failed, "survived", "timeout" or "untested"."""

    mutant: str
    status: str
    by: str | None = None


class Test(NamedTuple):
    """A test, and the process time that it gets."""

    item: pytest.Item
    limit_s: float = FOREVER_S


def statuses(results: Path) -> dict[str, str]:
    """Return what last became of each mutant that was tried."""
    rows = map(json.loads, results.read_text().splitlines())
    return {row["mutant"]: row["status"] for row in rows}


class Trials:
    """A pytest plugin that tries mutants instead of running the tests once."""

    def __init__(self, mutants: Sequence[Mutant], results: Path, workers: int) -> None:
        self.mutants = mutants
        self.results = results
        self.workers = workers
        self.running: dict[int, str] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try every mutant."""
        items = sorted(session.items, key=_sharpness)
        executed, took_s = _observed(items, sorted({mutant.path for mutant in self.mutants}))
        gc.freeze()
        tests = [Test(item, PATIENCE_S + SLOWER * took) for item, took in zip(items, took_s, strict=True)]
        for number, mutant in enumerate(self.mutants, 1):
            print(f"\r{number}/{len(self.mutants)}", end="", file=sys.stderr, flush=True)
            places = _looking(mutant, executed[mutant.path])
            if places:
                self._begin(mutant.name, [tests[place] for place in places])
            else:
                self._write(Trial(mutant.name, "untested"))
        while self.running:
            self._end_one()
        print(file=sys.stderr)
        return True

    def _begin(self, name: str, tests: Sequence[Test]) -> None:
        while len(self.running) >= self.workers:
            self._end_one()
        pid = os.fork()
        if pid:
            self.running[pid] = name
            return
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        set_mutant_under_test(name)
        killer = _first_failure(tests)
        if killer is not None:
            self._write(Trial(name, "killed", killer))
        os._exit(0 if killer is None else _KILLED)

    def _end_one(self) -> None:
        pid, status = os.wait()
        name, code = self.running.pop(pid), os.waitstatus_to_exitcode(status)
        if code != _KILLED:
            self._write(Trial(name, "timeout" if code else "survived"))

    def _write(self, trial: Trial) -> None:
        with self.results.open("a") as file:
            file.write(json.dumps(trial._asdict()) + "\n")


def _looking(mutant: Mutant, executed: Mapping[int, frozenset[int]]) -> list[int]:
    """Return the tests that execute what the mutant changes.

    A line without code belongs to the one above it, and a signature to the first line below it.
    """
    code = _lines_with_code(mutant.path)
    found: set[int] = set()
    for place in mutant.places:
        above = (line for line in range(place, mutant.original[0], -1) if line in code)
        below = (line for line in range(place, mutant.original[1]) if line in code)
        found |= executed.get(next(chain(above, below), place), frozenset())
    return sorted(found)


@cache
def _lines_with_code(path: str) -> frozenset[int]:
    """Return the lines of the bodies of functions; what runs when a module is imported is not among them."""
    pending: list[CodeType] = [compile(Path(path).read_text(), path, "exec")]
    lines: set[int] = set()
    while pending:
        code = pending.pop()
        if code.co_flags & CO_NEWLOCALS and code.co_flags & CO_OPTIMIZED:
            lines.update(line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno)
        pending += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return frozenset(lines)


def _sharpness(item: pytest.Item) -> int:
    return next((rank for rank, part in enumerate(SHARPEST) if part in item.nodeid), len(SHARPEST))


def _observed(items: Sequence[pytest.Item], paths: Sequence[str]) -> tuple[Executed, Sequence[float]]:
    """Return which tests execute each line, by their places, and how long each test takes, in seconds."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(_observe(items, paths), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said: str | tuple[Executed, Sequence[float]] = pickle.load(pipe)
    os.wait()
    if isinstance(said, str):
        pytest.exit(f"without a mutant {said} fails; the tests must pass before mutants are tried", 2)
    return said


def _observe(items: Sequence[pytest.Item], paths: Sequence[str]) -> str | tuple[Executed, Sequence[float]]:
    """Run every test; return what `_observed` returns, or the first test that fails."""
    watch = coverage.Coverage(data_file=None, config_file=False, include=[str(Path(path).resolve()) for path in paths])
    took_s: list[float] = []
    watch.start()
    for place, item in enumerate(items):
        watch.switch_context(str(place))
        _forget_runs(item)
        began = time.process_time()
        if _first_failure([Test(item)], *items[place + 1 : place + 2]) is not None:
            return item.nodeid
        took_s.append(time.process_time() - began)
    watch.stop()
    seen = watch.get_data()
    executed = {path: seen.contexts_by_lineno(str(Path(path).resolve())) for path in paths}
    return {
        path: {line: frozenset(map(int, filter(None, tests))) for line, tests in lines.items()}
        for path, lines in executed.items()
    }, took_s


def _forget_runs(item: pytest.Item) -> None:
    if getattr(item, "originalname", "") in ONLOOKERS:
        from tests.transcripts.library import told

        told.cache_clear()


def _first_failure(tests: Sequence[Test], following: pytest.Item | None = None) -> str | None:
    """Return the first of the tests that fails; None when all pass. One that takes too long ends the process."""
    after = [*(test.item for test in tests[1:]), following]
    with open(os.devnull, "w") as nowhere, _said_to(nowhere):
        for test, next_item in zip(tests, after, strict=True):
            signal.setitimer(signal.ITIMER_PROF, test.limit_s)
            if any(report.failed for report in runtestprotocol(test.item, log=False, nextitem=next_item)):
                return test.item.nodeid
    return None


@contextlib.contextmanager
def _said_to(stream: TextIO) -> Iterator[None]:
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        yield
