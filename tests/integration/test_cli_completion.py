"""Completion in a real bash: what `--show-completion` prints completes commands, sub-commands and options."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMPLETED = """
source <(_FLEXES_COMPLETE=source_bash flexes)
COMP_WORDS=({words}) COMP_CWORD={place}
_flexes_completion flexes
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(*words: str) -> set[str]:
    """Return what bash offers for the last word."""
    code = COMPLETED.format(words=" ".join(f"'{word}'" for word in ("flexes", *words)), place=len(words))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", code], env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["re"], {"resume", "reject", "rebuild"}),
        (["policy", "e"], {"eval", "explain"}),
        (["runs", "--st"], {"--store"}),
    ],
)
def test_bash_completes(words: list[str], offered: set[str]) -> None:
    """Commands, those of a group, and options are found from their beginning, although each is imported alone."""
    assert completed(*words) == offered
