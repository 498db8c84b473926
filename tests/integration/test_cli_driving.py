"""Runs driven from the command line: live frames, kill -9 and resume, Ctrl-C, humans, and the same end each time."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from flexes.cli.main import run_command

FLEXES = [sys.executable, "-c", "from flexes.cli.main import main; main()"]
APP = """
import asyncio, pathlib, time
from flexes import CapabilityRegistry, NodeResult

registry = CapabilityRegistry()

def invoked(ctx):
    with open("invoked.txt", "a") as log:
        log.write(f"{ctx.node} {ctx.attempt}\\n")

@registry.capability("draft", inputs=["brief"], outputs=["copy"], cost=0.5)
async def draft(ctx):
    invoked(ctx)
    return {"copy": {"text": f"about {ctx.inputs['brief']['topic']}, take {ctx.attempt}"}}

@registry.capability("review", kind="validation", inputs=["copy"], outputs=["qa"])
def review(ctx):
    invoked(ctx)
    while pathlib.Path("hold").exists():
        time.sleep(0.02)
    return NodeResult(outputs={"qa": {"score": 0.4 if ctx.attempt == 1 else 0.9}}, metrics={"m": 1})
"""
ENVELOPE = """
objective: write about tea
inputs: {brief: {topic: tea}}
outputContract: {mode: facets, facets: [copy, qa]}
policies:
  runtime:
    - id: again
      trigger: {selector: {capability: review}}
      when: {qa.score: {"<": 0.7}}
      action: {type: goto, next: {capability: draft}}
"""
ASKING = """
    - id: ask
      trigger: {selector: {capability: review}}
      when: qa.score >= 0.7
      action: {type: hitl, rationale: a last look}
    - {id: stop, trigger: {kind: manual}, action: {type: fail, message: called off}}
"""
RUN_ID = "0b099d9c-58a4-46cd-b714-1d908659835c"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an app and two envelopes."""
    (tmp_path / "campaign.py").write_text(APP)
    (tmp_path / "envelope.yaml").write_text(ENVELOPE)
    (tmp_path / "asking.yaml").write_text(ENVELOPE + ASKING)
    return tmp_path


def flexes(folder: Path, *arguments: str, status: int = 0) -> str:
    """Run a command and return what it printed: in a process of its own if it loads the app."""
    if "--app" in arguments:
        done = subprocess.run([*FLEXES, *arguments], cwd=folder, capture_output=True, text=True, timeout=120)
        found, out, err = done.returncode, done.stdout, done.stderr
    else:
        printed, failed = StringIO(), StringIO()
        with chdir(folder), redirect_stdout(printed), redirect_stderr(failed):
            found = run_command(arguments)
        out, err = printed.getvalue(), failed.getvalue()
    assert found == status, err + out
    return out


def lines(folder: Path, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
    """Run a command with --json and return its lines."""
    return [json.loads(line) for line in flexes(folder, *arguments, "--json", status=status).splitlines()]


def begun(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Begin a command whose review node hangs, and return when it does."""
    (folder / "hold").touch()
    process = subprocess.Popen(
        [*FLEXES, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    log = folder / "invoked.txt"
    deadline = time.monotonic() + 30
    while "review 1" not in (log.read_text() if log.exists() else ""):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def outcome(folder: Path, run_id: str) -> dict[str, Any]:
    """Return the parts of a run that do not depend on when it ran."""
    shown = lines(folder, "show", run_id)[0]
    return {key: shown[key] for key in ("status", "planVersion", "nodes", "facets", "policies", "costTotal", "output")}


def test_a_run_shows_each_frame_and_ends(folder: Path) -> None:
    """`run` prints every frame once as JSON lines, then a report with the document of `show`."""
    *frames, report = lines(folder, "run", "envelope.yaml", "--app", "campaign:registry", "--run-id", RUN_ID)
    assert (frames[0]["type"], frames[-1]["type"]) == ("start", "complete")
    assert frames == lines(folder, "frames", RUN_ID)
    assert report.pop("type") == "report"
    assert report == lines(folder, "show", RUN_ID)[0]
    assert report["nodes"]["draft"] == {"status": "completed", "attempts": 2, "capability": "draft"}
    assert report["output"]["qa"] == {"score": 0.9}


def test_a_killed_run_is_resumed_to_the_same_end(folder: Path) -> None:
    """After SIGKILL in the middle of a node, `resume` comes to the same end, and no completed node runs again."""
    process = begun(folder, "run", "envelope.yaml", "--app", "campaign:registry", "--run-id", RUN_ID)
    process.kill()
    process.communicate()
    (folder / "hold").unlink()
    assert lines(folder, "show", RUN_ID)[0]["status"] == "running"
    assert "plan version 1; triggering policies: none" in flexes(folder, "resume", RUN_ID, "--app", "campaign:registry")
    assert (folder / "invoked.txt").read_text().splitlines() == [
        "draft 1", "review 1", "review 1", "draft 2", "review 2",
    ]  # fmt: skip
    other = lines(folder, "run", "envelope.yaml", "--app", "campaign:registry")[-1]["runId"]
    assert outcome(folder, RUN_ID) == outcome(folder, other)
    flexes(folder, "verify", "--all")


def test_an_interrupt_stops_cleanly(folder: Path) -> None:
    """Ctrl-C ends the process at once, whatever a capability is doing, and says how to go on."""
    process = begun(folder, "run", "envelope.yaml", "--app", "campaign:registry", "--run-id", RUN_ID)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert f"flexes resume {RUN_ID}" in errors
    assert "Traceback" not in errors
    (folder / "hold").unlink()
    assert lines(folder, "resume", RUN_ID, "--app", "campaign:registry")[-1]["status"] == "completed"


def test_a_human_decides(folder: Path) -> None:
    """A run that awaits a human rests with status 0; `approve` with edits drives on; a second decision is refused."""
    report = lines(folder, "run", "asking.yaml", "--app", "campaign:registry", "--run-id", RUN_ID)[-1]
    assert report["status"] == "awaiting_hitl"
    request = report["pendingHitl"][0]["requestId"]
    flexes(folder, "resume", RUN_ID, status=2)
    arguments = ("approve", RUN_ID, "--by", "lead", "--note", "ok", "--edits", '{"copy": {"text": "mine"}}')
    done = lines(folder, *arguments, "--app", "campaign:registry")[-1]
    assert (done["status"], done["output"]["copy"]) == ("completed", {"text": "mine"})
    flexes(folder, "approve", RUN_ID, request, "--by", "late", status=2)
    assert "completed" in flexes(folder, "resume", RUN_ID)


def test_a_rejection_fails_the_run(folder: Path) -> None:
    """`reject` ends the run with the note; resuming a failed run says so with status 1."""
    lines(folder, "run", "asking.yaml", "--app", "campaign:registry", "--run-id", RUN_ID)
    report = lines(folder, "reject", RUN_ID[:8], "--by", "lead", "--note", "off brand")[-1]
    assert report["status"] == "failed"
    assert "off brand" in report["error"]["message"]
    flexes(folder, "resume", RUN_ID, status=1)


def test_operators_steer(folder: Path) -> None:
    """pause, signal, trigger, cancel and resume each append once under one key; a `fail` by hand acts at once."""
    lines(folder, "run", "asking.yaml", "--app", "campaign:registry", "--run-id", RUN_ID)
    assert lines(folder, "pause", RUN_ID, "--reason", "lunch")[-1]["status"] == "paused"
    first = lines(folder, "signal", RUN_ID, "--metrics", "m=2", "--idempotency-key", "k")[-1]
    assert lines(folder, "signal", RUN_ID, "--metrics", '{"m": 2}', "--idempotency-key", "k")[-1] == first
    assert lines(folder, "resume", RUN_ID)[-1]["status"] == "awaiting_hitl"
    report = lines(folder, "trigger", RUN_ID, "stop")[-1]
    assert (report["status"], report["error"]["message"]) == ("failed", "called off")
    flexes(folder, "cancel", RUN_ID, status=2)
    flexes(folder, "verify", RUN_ID)


def test_the_same_key_starts_one_run(folder: Path) -> None:
    """`run` with one idempotency key twice has one effect and one answer."""
    arguments = ("run", "envelope.yaml", "--app", "campaign:registry", "--idempotency-key", "k")
    assert lines(folder, *arguments)[-1] == lines(folder, *arguments)[-1]
    assert len(lines(folder, "runs")) == 1


def test_a_reader_that_leaves_does_not_stop_a_run(folder: Path) -> None:
    """When nobody reads its progress any more, a run is driven to its end all the same."""
    command = " ".join(f"'{part}'" for part in (*FLEXES, "run", "envelope.yaml", "--app", "campaign:registry"))
    done = subprocess.run(
        ["bash", "-c", f"{command} --run-id {RUN_ID} | head -1"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    deadline = time.monotonic() + 30
    while lines(folder, "show", RUN_ID)[0]["status"] != "completed":
        assert time.monotonic() < deadline
