"""What is imported, and when: a command starts quickly only if it loads no more than it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = "from flexes.cli.main import run_command; run_command(sys.argv[1:])"
HEAVY = ("asyncio", "eventsourcing", "jsonschema", "pydantic", "statemachine", "yaml")


def imported(code: str, *arguments: str) -> set[str]:
    """Return which of the heavy modules a process has imported at its end."""
    told = f"import sys; {code}\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told, *arguments], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Help and the version need no model, no store and no event loop."""
    assert imported(COMMAND, *arguments) == set()


def test_import_flexes_imports_nothing_heavy() -> None:
    """A public name is imported when it is first used."""
    assert imported("import flexes") == set()


def test_listing_imports_no_more_than_it_folds_with(tmp_path: Path) -> None:
    """A command that reads needs neither the chart nor JSON Schema nor an event loop."""
    store = f"sqlite:///{tmp_path / 'runs.db'}"
    subprocess.run([sys.executable, "-c", f"import sys; {COMMAND}", "migrate", "--store", store], check=True)
    assert not {"asyncio", "jsonschema", "statemachine", "yaml"} & imported(COMMAND, "runs", "--store", store)
