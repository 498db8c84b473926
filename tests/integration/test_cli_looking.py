"""Looking at runs from the command line: simulate, show, events, plan, frames, audit, verify, policy."""

import json
import sqlite3
from contextlib import chdir, closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from flexes.cli.main import run_command
from flexes.ids import RunId
from flexes.shell.feed import frames_of_all, frames_of_run
from flexes.store.digest import first_digest, next_digest
from flexes.store.urls import open_store

SCENARIO = """
envelope:
  objective: write copy
  inputs: {brief: {topic: tea}}
  outputContract: {mode: facets, facets: [copy, qa]}
  policies:
    thresholds:
      quality: [{id: good, metric: qa.score, min: 0.8, target: A, maxRewrites: 2}]
capabilities:
  - {id: writer, inputs: [brief], outputs: [copy], script: [{outputs: {copy: {text: one}}}]}
  - {id: qa, kind: validation, inputs: [copy], outputs: [qa],
     script: [{outputs: {qa: {score: 0.4}}, cost: 0.25}, {outputs: {qa: {score: 0.9}}}]}
plan: {nodes: [{id: A, capability: writer}, {id: B, capability: qa, dependsOn: [A]}]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a scenario and a store that holds two simulations."""
    folder = tmp_path_factory.mktemp("looking")
    for name, topic in (("scenario.yaml", "tea"), ("other.yaml", "coffee")):
        (folder / name).write_text(SCENARIO.replace("tea", topic))
        flexes(folder, "simulate", name, "--store", "sqlite:///flexes.db")
    return folder


@pytest.fixture(scope="module")
def run_id(folder: Path) -> str:
    """Return the id of the run that was started last."""
    return str(lines(folder, "runs")[0]["runId"])


def flexes(folder: Path, *arguments: str, status: int = 0) -> str:
    """Run a command in this process and return what it printed; its exit status must be the one given."""
    out, err = StringIO(), StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        found = run_command(arguments)
    assert found == status, err.getvalue() + out.getvalue()
    return out.getvalue() if status < 2 else err.getvalue()


def lines(folder: Path, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
    """Run a command with --json and return its lines."""
    return [json.loads(line) for line in flexes(folder, *arguments, "--json", status=status).splitlines()]


def test_a_simulation_is_the_same_each_time(folder: Path) -> None:
    """The same scenario gives the same bytes: frames as JSON lines, then the summary."""
    first = flexes(folder, "simulate", "scenario.yaml", "--json")
    assert flexes(folder, "simulate", "scenario.yaml", "--json") == first
    summary = json.loads(first.splitlines()[-1])
    assert (summary["type"], summary["status"], summary["planVersion"]) == ("summary", "completed", 2)
    assert summary["nodeRuns"] == {"A": 1, "B": 1, "A~rewrite1": 1, "B~recheck1": 1}


def test_show_folds_any_version(folder: Path, run_id: str) -> None:
    """`show --at N` is the run after its N-th event; a version that it never had is refused."""
    shown = lines(folder, "show", run_id)[0]
    assert (shown["status"], shown["triggeredBy"]) == ("completed", ["good"])
    for version in range(1, shown["version"] + 1):
        assert lines(folder, "show", run_id, "--at", str(version))[0]["version"] == version
    assert "has no version" in flexes(folder, "show", run_id, "--at", str(shown["version"] + 1), status=2)


def test_events_are_the_whole_log(folder: Path, run_id: str) -> None:
    """`events` prints every event in order, from RunStarted to the terminal one."""
    found = lines(folder, "events", run_id)
    assert [event["version"] for event in found] == list(range(1, len(found) + 1))
    assert (found[0]["type"], found[-1]["type"]) == ("RunStarted", "Completed")


def test_plans_say_who_caused_them(folder: Path, run_id: str) -> None:
    """Plan versions, their differences and drawings name the policy behind the change."""
    versions = lines(folder, "plan", run_id)[0]["versions"]
    assert [version.get("triggers") for version in versions] == [[], ["good"]]
    changes = lines(folder, "plan", run_id, "--diff", "1", "2")[0]
    assert [node["id"] for node in changes["added"]] == ["A~rewrite1", "B~recheck1"]
    assert "good" in flexes(folder, "plan", run_id)
    assert flexes(folder, "plan", run_id, "--version", "1", "--format", "mermaid").startswith("flowchart")
    assert "it has 1 to 2" in flexes(folder, "plan", run_id, "--version", "3", status=2)


@pytest.mark.parametrize("scope", ["run", "all"])
def test_a_cut_feed_goes_on_where_it_was(folder: Path, run_id: str, scope: str) -> None:
    """What was received before any cut, and what follows the last id, are together the uncut feed."""
    arguments = (run_id,) if scope == "run" else ("--all",)
    uncut = lines(folder, "frames", *arguments)
    with closing(open_store(f"sqlite:///{folder / 'flexes.db'}")) as store:
        for cut, frame in enumerate(uncut, 1):
            after = frame["id"]
            rest = frames_of_run(store, RunId(run_id), after) if scope == "run" else frames_of_all(store, after)
            assert [frame.wire() for frame in rest] == uncut[cut:]
    assert lines(folder, "frames", *arguments, "--after", uncut[2]["id"]) == uncut[3:]


def test_the_feed_is_the_wire_form(folder: Path, run_id: str) -> None:
    """By default frames are server-sent events; following a run ends with its terminal frame."""
    sse = flexes(folder, "frames", run_id)
    assert flexes(folder, "frames", run_id, "--follow") == sse
    data = [json.loads(line.removeprefix("data: ")) for line in sse.splitlines() if line.startswith("data: ")]
    assert data == lines(folder, "frames", run_id)
    assert "no frame has this id" in flexes(folder, "frames", run_id, "--after", "x", status=2)


def test_audit_filters_combine(folder: Path, run_id: str) -> None:
    """Filters are ANDed; table, JSON lines and CSV show the same rows."""
    matched = lines(folder, "audit", "--run", run_id[:8], "--policy", "good", "--outcome", "matched")
    assert [(row["nodeId"], row["actionType"], len(row["digest"])) for row in matched] == [("B", "replan", 64)]
    every = lines(folder, "audit", "--run", run_id)
    assert len(flexes(folder, "audit", "--run", run_id, "--format", "csv").splitlines()) == len(every) + 1
    assert lines(folder, "audit", "--since", "2027-01-01") == []
    assert len(lines(folder, "audit", "--run", run_id, "--until", "2026-01-01")) == len(every)
    assert "no date or instant" in flexes(folder, "audit", "--since", "noon", status=2)


def test_verify_finds_nothing_in_what_was_decided(folder: Path) -> None:
    """Every stored run passes all checks, and every commit is decided again."""
    found = lines(folder, "verify", "--all")
    assert [(each["ok"], each["notRedecided"]) for each in found] == [(True, 0), (True, 0)]


CHEAPER = "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), '0.25', '0.05') AS BLOB)"
LATER = "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), 'matched', 'skipped') AS BLOB)"


@pytest.mark.parametrize(
    ("statement", "chained", "check"),
    [
        (f"{CHEAPER} WHERE topic = 'NodeCompleted'", False, "digest"),
        ("DELETE FROM stored_events WHERE topic = 'PolicyTriggered'", False, "digest"),
        (f"{LATER} WHERE topic = 'SignalEvaluated'", True, "decision"),
        (
            "UPDATE stored_events SET topic = 'Paused', state = x'7b7d' WHERE topic = 'PolicyTriggered'",
            True,
            "readable",
        ),
        ("UPDATE stored_events SET topic = 'Resumed' WHERE topic = 'RewriteStarted'", True, "readable"),
        ("UPDATE stored_events SET topic = 'Invented' WHERE topic = 'PlanUpdated'", True, "readable"),
        ("UPDATE stored_events SET state = x'7b' WHERE topic = 'PlanUpdated'", True, "readable"),
    ],
)
def test_verify_names_the_first_break(tmp_path: Path, statement: str, chained: bool, check: str) -> None:
    """Edits are found by the chain; with the chain forged too, what no rule decides is found all the same."""
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    flexes(tmp_path, "simulate", "scenario.yaml", "--store", "sqlite:///flexes.db")
    _tamper(tmp_path / "flexes.db", statement, chained)
    found = lines(tmp_path, "verify", status=1)[0]
    assert check in [finding["check"] for finding in found["findings"]]


def test_a_run_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    """`runs` lists a damaged run, or one of a later release, as unreadable, and says how to find out more."""
    for topic in ("tea", "coffee"):
        (tmp_path / "scenario.yaml").write_text(SCENARIO.replace("tea", topic))
        flexes(tmp_path, "simulate", "scenario.yaml", "--store", "sqlite:///flexes.db")
    well, broken = (row["runId"] for row in lines(tmp_path, "runs"))
    _tamper(tmp_path / "flexes.db", f"UPDATE stored_events SET topic = 'Later' WHERE originator_id = '{broken}'", False)
    found = {row["runId"]: row for row in lines(tmp_path, "runs")}
    assert (found[well]["status"], found[broken]["status"]) == ("completed", "unreadable")
    assert "upgrade flexes" in found[broken]["error"]
    assert f"flexes verify {broken}" in flexes(tmp_path, "runs")


def test_an_action_that_there_is_not_is_refused(folder: Path) -> None:
    """`audit --action` names the actions that there are, instead of finding nothing."""
    told = flexes(folder, "audit", "--action", "jump", status=2)
    assert all(action in told for action in ("jump", "goto", "replan", "hitl", "fail", "pause", "emit"))


@pytest.mark.parametrize("command", ["show", "events", "frames", "plan", "audit --run", "pause", "resume"])
def test_what_makes_no_sense_is_no_fault_of_flexes(tmp_path: Path, command: str) -> None:
    """Stored bytes that decode and hold nonsense lead the operator to `verify`, whatever reads them."""
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    flexes(tmp_path, "simulate", "scenario.yaml", "--store", "sqlite:///flexes.db")
    [run] = lines(tmp_path, "runs")
    nonsense = """replace(CAST(state AS TEXT), '"directives":[', '"directives":[7,')"""
    statement = f"UPDATE stored_events SET state = CAST({nonsense} AS BLOB) WHERE topic = 'RunStarted'"
    _tamper(tmp_path / "flexes.db", statement, False)
    told = flexes(tmp_path, *command.split(), run["runId"], status=2)
    assert f"make no sense (ValidationError); run `flexes verify {run['runId']}`" in told


def _tamper(path: Path, statement: str, chained: bool) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for trigger in ("no_update", "no_delete"):
            database.execute(f"DROP TRIGGER stored_events_{trigger}")
        assert database.execute(statement).rowcount
        rows = database.execute("SELECT rowid, originator_id, originator_version, topic, state FROM stored_events")
        digest = b""
        for rowid, run_id, version, topic, state in rows.fetchall() if chained else ():
            digest = next_digest(digest or first_digest(run_id), run_id, version, topic, state)
            database.execute("UPDATE stored_events SET digest = ? WHERE rowid = ?", (digest, rowid))
