"""Trials of peers that take turns, each in a child process on an empty database, and what they come to."""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from figures import Figure, missing, ratio
from ground.places import NO_POSTGRES, drop_database, new_database, new_folder, remove

_HERE = Path(__file__).parent.parent
_SHOWN = 100


class Case(NamedTuple):
    """Runs of one peer on one database.

    Attributes:
        peer: A module of `peers`, with a form after a colon if it has several.
        database: `memory`, `sqlite` or `postgresql`.
        times: How often a trial does the run.
        patience_s: How long a trial may take, its process included.
        runs: How many runs a trial does at once.
    """

    peer: str
    database: str
    nodes: int
    size: int
    times: int
    patience_s: float
    runs: int = 1

    @property
    def label(self) -> str:
        """What a table calls it."""
        return f"{self.peer.replace(':', ', ')} on {self.database}"

    @property
    def total(self) -> int:
        """The nodes of all runs that a trial does at once."""
        return self.nodes * self.runs


class Trial(NamedTuple):
    """What a run took, by its median, and what it left behind; see `work.Took`."""

    run_s: float
    nodes_s: float
    cpu_s: float
    rows: int
    grown: int


class Trials:
    """The trials of all cases, a round of turns after the other.

    A case that cannot be measured, or loses patience, has a reason instead and no further turn.
    """

    def __init__(self, cases: Sequence[Case], rounds: int) -> None:
        self.reasons: dict[Case, str] = {}
        self._done: dict[Case, list[Trial]] = {case: [] for case in cases}
        for _ in range(rounds):
            for case in cases:
                if case not in self.reasons:
                    self._turn(case)

    def per_node(self, case: Case, field: str, what: str) -> Figure:
        """Return the median microseconds of a node."""
        if case in self.reasons:
            return missing(case.label, what, "us/node", self.reasons[case])
        values = [getattr(trial, field) / case.total * 1e6 for trial in self._done[case]]
        return Figure(case.label, what, statistics.median(values), "us/node", samples=len(values) * case.times)

    def grown(self, case: Case, what: str, at_most: float | None = None) -> Figure:
        """Return by how many times the payload the database grew."""
        if case in self.reasons:
            return missing(case.label, what, "x", self.reasons[case])
        values = [trial.grown / (case.total * case.size) for trial in self._done[case]]
        return Figure(case.label, what, statistics.median(values), "x", samples=len(values), at_most=at_most)

    def ratio(self, slow: Case, fast: Case, field: str, what: str, **options: Any) -> Figure:
        """Return the median over the rounds of how many times as long a node of the slow case takes."""
        reason = self.reasons.get(slow) or self.reasons.get(fast)
        if reason:
            return missing(slow.label, what, "x", reason)
        pairs = zip(self._done[slow], self._done[fast], strict=True)
        values = [(getattr(one, field) / slow.total) / (getattr(other, field) / fast.total) for one, other in pairs]
        return ratio(slow.label, what, statistics.median(values), 1.0, samples=len(values), **options)

    def _turn(self, case: Case) -> None:
        found = _tried(case)
        if isinstance(found, str):
            self.reasons[case] = found
        else:
            self._done[case].append(found)


def _tried(case: Case) -> Trial | str:
    """Return the trial, or why there is none."""
    folder = new_folder("peer")
    url = _empty(case, folder)
    if url is None:
        return NO_POSTGRES
    try:
        return _outcome(case, _child(case, url))
    except subprocess.TimeoutExpired:
        return f"not done after {case.patience_s:g} s"
    finally:
        remove(folder)
        if case.database == "postgresql":
            drop_database(url)


def _empty(case: Case, folder: Path) -> str | None:
    places = {"memory": "memory://", "sqlite": f"sqlite:///{folder / 'peer.db'}"}
    return places.get(case.database) or new_database("peer")


def _child(case: Case, url: str) -> subprocess.CompletedProcess[str]:
    numbers = [str(number) for number in (case.nodes, case.size, case.times, case.runs)]
    command = [sys.executable, "-W", "ignore", "-m", "peers.child", case.peer, url, *numbers]
    return subprocess.run(command, cwd=_HERE, capture_output=True, text=True, timeout=case.patience_s, check=False)


def _outcome(case: Case, child: subprocess.CompletedProcess[str]) -> Trial | str:
    if child.returncode != 0:
        return f"failed: {(child.stderr.splitlines() or ['no message'])[-1][:_SHOWN]}"
    found = json.loads(child.stdout.splitlines()[-1])
    if "missing" in found:
        return f"not installed: {found['missing']}"
    trial = Trial(**found)
    if case.database != "memory" and trial.rows < case.total:
        return f"only {trial.rows} of {case.total} nodes were stored"
    return trial
