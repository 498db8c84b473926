"""The scripts: what they print, and their exit status."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from tests.projections.logs import copies, corpus

from flexes.store.urls import open_store
from flexes.view.audit import COLUMNS
from flexes_projections.catalogue import ALL
from flexes_projections.filling import MOST_WORKERS, most_workers
from flexes_projections.rebuild_command import rebuild_command

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a store with some runs."""
    found = f"sqlite:///{tmp_path / 'flexes.db'}"
    store = open_store(found)
    copies(store, 100)
    store.close()
    return found


def ran(*arguments: str, status: int = 0) -> str:
    """Return what a program printed."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def test_rebuild_check_and_one_run(url: str) -> None:
    """The script rebuilds all, one run, and proves it."""
    script = "scripts/rebuild_projections.py"
    assert ran(script, "--store", url).startswith("rebuilt run_list@1, ")
    run_id = open_store(url).heads(1)[0].run_id
    assert ran(script, "--store", url, "--run", run_id).startswith("rebuilt ")
    lines = [orjson.loads(line) for line in ran(script, "--store", url, "--check", "--json").splitlines()]
    assert [(line["projection"], line["equal"]) for line in lines] == [(str(projection), True) for projection in ALL]


def test_bad_input_is_named(url: str) -> None:
    """Status 2, a message that says what to do, no traceback."""
    script = "scripts/rebuild_projections.py"
    told = ran(script, "nothing", "--store", url, status=2)
    assert "there is no projection 'nothing': use run_list, " in told
    told = ran(script, "--store", "sqlite:////nowhere/flexes.db", status=2)
    assert "does not exist" in told
    assert "Traceback" not in told


def test_the_audit_log_as_csv_and_json(url: str) -> None:
    """The script takes in what is new, and prints every column."""
    script = "scripts/query_audit.py"
    lines = list(csv.reader(io.StringIO(ran(script, "--store", url, "--type", "RunStarted", "--format", "csv"))))
    assert tuple(lines[0]) == COLUMNS
    assert {line[COLUMNS.index("type")] for line in lines[1:]} == {"RunStarted"}
    found = ran(script, "--store", url, "--since", "2026-01-01", "--limit", "2", "--json")
    assert [orjson.loads(line)["position"] for line in found.splitlines()] == [1, 2]
    assert "is no date or instant" in ran(script, "--store", url, "--since", "soon", status=2)


def test_the_follower_says_how_far_it_is(url: str) -> None:
    """Before the first build status 1, after catching up status 0."""
    ran("-m", "flexes_projections", "--store", url, "--status", status=1)
    found = ran("-m", "flexes_projections", "--store", url, "--once", "--json")
    assert {orjson.loads(line)["behind"] for line in found.splitlines()} == {0}


def test_the_entry_point_of_flexes_rebuild(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`flexes rebuild` calls it with the store, the names and two flags, and leaves with its status."""
    assert rebuild_command(url, ("run_list",), every=False, as_json=True) == 0
    assert orjson.loads(capsys.readouterr().out)["rebuilt"] == ["run_list@1"]
    assert rebuild_command(url, (), every=True, as_json=True) == 0
    assert orjson.loads(capsys.readouterr().out)["rebuilt"] == [str(projection) for projection in ALL]


def test_projections_may_be_elsewhere(url: str, tmp_path: Path) -> None:
    """The log can be in one database and its projections in another."""
    elsewhere = f"sqlite:///{tmp_path / 'projections.db'}"
    assert rebuild_command(url, (), every=True, as_json=True, projections_url=elsewhere) == 0
    assert rebuild_command(url, (), every=True, as_json=True, projections_url=elsewhere, compare=True) == 0
    assert rebuild_command(url, (), every=True, as_json=True, compare=True) == 1
    assert len(corpus()) > 0


def test_workers_can_be_numbered(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command takes how many processes may help, for a rebuild and for a check; fewer than one is refused."""
    assert rebuild_command(url, (), every=True, as_json=True, workers=2) == 0
    assert rebuild_command(url, (), every=True, as_json=True, workers=2, compare=True) == 0
    assert '"equal":false' not in capsys.readouterr().out
    assert "--workers" in ran("scripts/rebuild_projections.py", "--store", url, "--workers", "0", status=2)
    assert 1 <= most_workers() <= MOST_WORKERS
