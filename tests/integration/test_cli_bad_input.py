"""Bad input: exit status 2, a message that says where and what to do, never a traceback, nothing made."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from flexes.cli.main import run_command

ENVELOPE = "objective: x\noutputContract: {mode: facets, facets: [copy]}\ninputs: {copy: 1}\n"
UNKNOWN = "0b099d9c-58a4-46cd-b714-1d908659835c"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory: an app, good and bad files, and a store with one run that ended."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "small", raising=False)
    (tmp_path / "small.py").write_text("from flexes import CapabilityRegistry\nregistry = CapabilityRegistry()\n")
    (tmp_path / "good.yaml").write_text(ENVELOPE)
    (tmp_path / "broken.yaml").write_text("objective: [x\nb: 1\n")
    (tmp_path / "twice.json").write_text('{"objective": "x",\n "objective": "y"}')
    (tmp_path / "unknown.yaml").write_text(ENVELOPE + "inptus: {}\n")
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "other.db").write_bytes(b"not a database, but long enough to be looked at" * 40)
    return tmp_path


@pytest.fixture
def run_id(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the id of a run that ended in the default store."""
    run_command(["run", "good.yaml", "--app", "small:registry", "--run-id", UNKNOWN.replace("0b", "1c")])
    capsys.readouterr()
    return UNKNOWN.replace("0b", "1c")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "none.yaml", "--app", "small:registry"], "none.yaml"),
        (["run", "broken.yaml", "--app", "small:registry"], "line 2, column 2"),
        (["run", "twice.json", "--app", "small:registry"], "line 2, column 2"),
        (["run", "unknown.yaml", "--app", "small:registry"], "did you mean 'inputs'"),
        (["run", "list.yaml", "--app", "small:registry"], "list.yaml"),
        (["run", "good.yaml", "--app", "small:registry", "--run-id", "x"], "UUID"),
        (["run", "good.yaml", "--app", "missing_app:registry"], "missing_app"),
        (["run", "good.yaml", "--app", "small:other"], "registry"),
        (["run", "good.yaml", "--app", "small:registry", "--store", "mysql://x"], "postgresql://"),
        (["run", "good.yaml", "--app", "small:registry", "--store", "sqlite:///other.db"], "other.db"),
        (["run"], "ENVELOPE"),
        (["simulate", "good.yaml"], "capabilities"),
        (["simulate", "none.yaml"], "none.yaml"),
        (["show", UNKNOWN], "no file flexes.db"),
        (["resume", UNKNOWN], "no file flexes.db"),
        (["cancel", UNKNOWN], "no file flexes.db"),
        (["frames", "--all", "--follow"], "no file flexes.db"),
        (["policy", "check", "none.yaml"], "none.yaml"),
        (["policy", "eval", "none.jsonl"], "none.jsonl"),
        (["rebuild"], "--all"),
        (["demolish"], "demolish"),
        (["runs", "--limit", "many"], "--limit"),
    ],
)
def test_bad_input_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], message: str
) -> None:
    """Each fault names its place and remedy in words, and as a JSON object with --json; no store is made."""
    assert run_command(arguments) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
    assert run_command([*arguments, "--json"]) == 2
    assert message in json.loads(capsys.readouterr().err)["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", UNKNOWN], "run_not_found"),
        (["show", "1c099d9c", "--at", "99"], "run_not_found"),
        (["show", "1c099d9c", "--at", "9" * 30], "run_not_found"),
        (["audit", "--node", ""], "invalid_document"),
        (["resume", UNKNOWN], "run_not_found"),
        (["verify", UNKNOWN], "run_not_found"),
        (["cancel", "1c099d9c"], "invalid_run_state"),
        (["approve", "1c099d9c"], "request_not_found"),
        (["approve", "1c099d9c", "x"], "invalid_run_state"),
        (["trigger", "1c099d9c", "x"], "invalid_run_state"),
        (["signal", "1c099d9c", "--metrics", "a=b"], "usage"),
        (["frames", "1c099d9c", "--after", "x"], "invalid_document"),
        (["run", "good.yaml", "--app", "small:registry", "--run-id", UNKNOWN.replace("0b", "1c")], "run_exists"),
    ],
)
def test_a_refused_command_says_its_code(
    run_id: str, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], code: str
) -> None:
    """A run that refuses is bad input too, with the stable code in the JSON error."""
    assert run_command([*arguments, "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == code


def test_a_pipe_that_closes_is_no_error(run_id: str) -> None:
    """When the reader had enough, a command ends quietly; the real console script is meant here."""
    command = f"'{sys.executable}' -c 'from flexes.cli.main import main; main()' frames --all --json | head -c 10"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr, len(done.stdout)) == (0, "", 10)


@pytest.mark.parametrize("arguments", [[], ["policy"]])
def test_no_command_gets_the_help_alone(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever names no command gets the help, and not an error that says nothing."""
    assert run_command(arguments) == 2
    printed = capsys.readouterr()
    assert "Usage: flexes" in printed.out
    assert printed.err == ""
