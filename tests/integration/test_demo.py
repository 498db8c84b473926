"""`flexes demo`, played for real: two processes, one of them killed, and every promised adaptation."""

import asyncio
import os
import re
import select
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from flexes.demo import campaign
from flexes.demo.campaign import registry
from flexes.demo.material import envelope
from flexes.demo.narrate import run_demo
from flexes.errors import UnknownStore
from flexes.run import events as ev
from flexes.shell.facade import Flexes

CAUSES = [("budget",), ("copy-quality",), ("slow-translation",)]
"""What caused plan versions 2, 3 and 4."""
SILENCE_S = 60
"""How long the demo may say nothing before it counts as stuck."""


def play(url: str, *, json: bool) -> tuple[int, str]:
    """Return the demo's exit status and what it printed."""
    out = StringIO()
    console = Console(file=out, width=200)
    return asyncio.run(run_demo(console, store_url=url, yes=True, json=json)), out.getvalue()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a store on disk."""
    return f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}"


@pytest.fixture(scope="module")
def frames(url: str) -> list[dict[str, Any]]:
    """Return the demo's JSON lines."""
    status, printed = play(url, json=True)
    assert status == 0
    return [orjson.loads(line) for line in printed.splitlines()]


def test_the_run_adapts_as_promised(frames: list[dict[str, Any]]) -> None:
    """Each plan version names the directive that caused it, and each directive acted exactly once."""
    updates = [frame["payload"] for frame in frames if frame["type"] == "plan_updated"]
    assert [tuple(update["triggers"]) for update in updates] == CAUSES
    summary = frames[-1]
    assert (summary["status"], summary["planVersion"], summary["replans"]) == ("completed", 4, 3)
    assert summary["policyTriggers"] == {
        "budget": 1,
        "copy-quality": 1,
        "hard-to-read": 1,
        "slow-translation": 1,
        "sign-off": 1,
    }


def test_a_kill_loses_and_repeats_nothing(frames: list[dict[str, Any]]) -> None:
    """The first process died with a step in flight; each step has one attempt, and no completed one ran again."""
    summary = frames[-1]
    assert summary["killed"]["inFlight"] == ["translator"]
    assert len(summary["killed"]["completed"]) == 8
    assert summary["ranTwice"] == []
    assert set(summary["nodeRuns"].values()) == {1}


def test_the_story_of_the_plan(url: str, frames: list[dict[str, Any]]) -> None:
    """The stored deltas are a cheaper writer, a rewrite with its copies, and a faster translator."""

    async def deltas() -> list[dict[str, Any]]:
        async with Flexes.open(url, registry=registry) as flexes:
            return [e.delta for e in flexes.events(frames[-1]["runId"]) if isinstance(e, ev.PlanUpdated)]

    fallback, rewrite, swap = asyncio.run(deltas())
    assert [(one["id"], one["capability"]) for one in fallback["replace"]] == [("copywriter", "copywriter.quick")]
    assert {one["id"]: one["capability"] for one in rewrite["add"]} == {
        "copywriter~rewrite1": "editor",
        "reviewer~recheck1": "reviewer",
        "translator~redo1": "translator",
    }
    assert [(one["id"], one["capability"]) for one in swap["replace"]] == [("translator~redo1", "translator.fast")]


def test_the_budget_holds_and_the_copy_is_fit_to_publish(frames: list[dict[str, Any]]) -> None:
    """What is published is edited, disclosed, translated in full, and paid for within the cap."""
    summary = frames[-1]
    campaign = summary["output"]["campaign"]
    assert summary["costTotal"] == 1.27
    assert campaign["score"] == 1.0
    assert "Terms apply." in campaign["linkedin"]
    assert "guaranteed" not in campaign["linkedin"]
    assert campaign["untranslated"] == []


def test_the_story_is_told(url: str) -> None:
    """The narration names every version with its cause, the kill, the approval, and where to look further."""
    status, story = play(url, json=False)
    assert status == 0
    for version, (cause,) in enumerate(CAUSES, start=2):
        assert re.search(rf"version {version} +because of {cause}", story)
    assert "kill -9" in story
    assert "approved automatically (--yes)" in story
    assert "had completed none ran again" in story
    assert f"--store {url}" in story


def test_without_the_kill_the_run_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The envelope and the registry alone, as `flexes run` drives them, come to the same plan and output."""
    monkeypatch.setattr(campaign, "SLOW_TRANSLATOR_S", 3.0)  # slower than the reviewer on the busiest machine

    async def alone() -> tuple[Any, ...]:
        async with Flexes.open("memory://", registry=registry) as flexes:
            report = await flexes.run(envelope())
            decided = await flexes.resolve_hitl(report.id, report.pending_hitl[0], decision="approve", by="lead")
            triggers = [version.triggers for version in flexes.state(report.id).plan_versions]
            return report.status, decided.status, triggers, decided.cost_total

    assert asyncio.run(alone()) == ("awaiting_hitl", "completed", [(), *CAUSES], 1.27)


def test_a_store_that_dies_with_its_process_is_refused() -> None:
    """`memory://` cannot be resumed by another process; the refusal names the remedy."""
    with pytest.raises(UnknownStore, match="sqlite:///"):
        play("memory://", json=True)


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a POSIX thing")
@pytest.mark.parametrize(("answer", "status", "ending"), [(b"maybe\ny\n", 0, "completed"), (b"n\n", 1, "failed")])
def test_a_person_decides_at_the_terminal(tmp_path: Path, answer: bytes, status: int, ending: str) -> None:
    """On a terminal the question is asked until it is answered; a refusal fails the run with exit status 1."""
    code, said = on_a_terminal(f"sqlite:///{tmp_path / 'demo.db'}", answer)
    assert code == status
    assert "Publish it? [y/n]" in said
    assert re.search(rf"end +{ending}", said)


def on_a_terminal(url: str, answer: bytes) -> tuple[int, str]:
    """Return exit status and output of the demo on a pseudo-terminal where somebody types the answer when asked."""
    import pty
    import subprocess

    program = (
        "import asyncio, sys; from rich.console import Console; from flexes.demo.narrate import run_demo; "
        f"sys.exit(asyncio.run(run_demo(Console(width=120), store_url={url!r}, yes=False, json=False)))"
    )
    plain = {**os.environ, "TERM": "dumb"}
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", program], stdin=theirs, stdout=theirs, stderr=theirs, env=plain)
    os.close(theirs)
    said, asked = b"", False
    try:
        while chunk := _read(ours):
            said += chunk
            if not asked and b"[y/n]" in said:
                asked = True
                os.write(ours, answer)
        return process.wait(), said.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(terminal: int) -> bytes:
    ready, _, _ = select.select([terminal], [], [], SILENCE_S)
    assert ready, f"nothing was said for {SILENCE_S} s"
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so when the other side is closed
        return b""
