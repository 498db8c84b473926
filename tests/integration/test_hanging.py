"""Capabilities that hang, or that go on in spite of being cancelled."""

import subprocess
import sys
from pathlib import Path

import pytest

FLEXES = [sys.executable, "-c", "from flexes.cli.main import main; main()"]
APP = """
import asyncio
import threading

from flexes import CapabilityRegistry

registry = CapabilityRegistry()


@registry.capability("thread", outputs=["copy"], timeout_ms=50)
def thread(ctx):
    threading.Event().wait()


@registry.capability("stubborn", outputs=["text"], timeout_ms=50)
async def stubborn(ctx):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass
"""


@pytest.mark.parametrize("facet", ["copy", "text"])
def test_a_command_ends_with_its_run(tmp_path: Path, facet: str) -> None:
    """A capability that cannot be stopped ends in a timeout, its run in its report, and the process in its status."""
    (tmp_path / "stuck.py").write_text(APP)
    (tmp_path / "task.yaml").write_text(f"{{objective: o, outputContract: {{mode: facets, facets: [{facet}]}}}}")
    command = [*FLEXES, "run", "task.yaml", "--app", "stuck:registry"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert found.returncode == 1, found.stderr
    assert "no result within 50 ms [node_failed]" in found.stdout
    assert found.stderr == ""
