"""What verification sees of events that were taken away."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flexes.cli.main import run_command
from flexes.ids import RunId
from flexes.policy.problems import validated
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate
from flexes.shell.verify import holes_after, log_holes, verify_run
from flexes.store.memory import MemoryStore
from flexes.store.port import Hole
from flexes.store.urls import open_store


def play(store: Any, topic: str) -> RunId:
    """Store a small simulated run and return its id."""
    document: Any = {
        "envelope": {"objective": topic, "outputContract": {"mode": "facets", "facets": ["copy"]}},
        "capabilities": [{"id": "w", "outputs": ["copy"], "script": [{"outputs": {"copy": topic}}]}],
    }
    return RunId(simulate(validated(Scenario, document, "scenario"), store).state.run_id)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the file of an empty store."""
    return tmp_path / "flexes.db"


@pytest.fixture
def runs(path: Path) -> tuple[RunId, RunId]:
    """Store a run that has ended, and one whose end was removed; return their ids."""
    with closing(open_store(f"sqlite:///{path}")) as store:
        first = play(store, "tea")
        last = play(store, "water")
        kept = next(row.version for row in store.read(last) if row.type == "PlanGenerated") - 1
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("DROP TRIGGER stored_events_no_delete")
        file.execute("DELETE FROM stored_events WHERE originator_id = ? AND originator_version > ?", (last, kept))
    return first, last


def test_the_removed_end_of_a_run_is_a_hole_in_the_log(path: Path, runs: tuple[RunId, RunId]) -> None:
    """A chain without its end is whole, so whoever asks for the run alone learns of the hole behind it."""
    ended, cut = runs
    with closing(open_store(f"sqlite:///{path}")) as store:
        assert verify_run(store, cut).findings == ()
        last = store.last_position()
        [hole] = log_holes(store).found
        assert hole.first == last + 1
        assert holes_after(store, cut) == log_holes(store)
        assert holes_after(store, ended).found == ()
        assert log_holes(store).proven
        assert log_holes(MemoryStore()).found == ()


@pytest.mark.parametrize("alone", [True, False])
def test_the_command_line_reports_what_was_removed(
    path: Path, runs: tuple[RunId, RunId], alone: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """`verify` of all runs, or of the one that was cut, exits with 1 and names the positions; a whole run is well."""
    ended, cut = runs
    store, asked = ["--store", f"sqlite:///{path}"], ["verify", *([cut] if alone else [])]
    assert run_command([*asked, *store]) == 1
    assert "log: broken: events were removed: positions without an event: " in capsys.readouterr().out
    assert run_command([*asked, "--json", *store]) == 1
    *_, told = map(json.loads, capsys.readouterr().out.splitlines())
    assert (told["type"], told["ok"], len(told["holes"])) == ("log", False, 1)
    assert run_command(["verify", ended, *store]) == 0


def test_a_run_that_was_removed_is_a_hole_in_the_log(path: Path, runs: tuple[RunId, RunId]) -> None:
    """Nothing of a run may be left, and the log still shows that it was there."""
    ended, _ = runs
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("DELETE FROM stored_events WHERE originator_id = ?", (ended,))
    with closing(open_store(f"sqlite:///{path}")) as store:
        assert log_holes(store).found[0].first == 1
        assert isinstance(log_holes(store).found[0], Hole)
