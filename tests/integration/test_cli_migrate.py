"""`flexes migrate` as a user calls it."""

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from flexes.cli.main import run_command


def migrated(store: str) -> list[str]:
    """Return the migrations that one call applied."""
    said = StringIO()
    with redirect_stdout(said):
        assert run_command(["migrate", "--store", store, "--json"]) == 0
    applied: list[str] = json.loads(said.getvalue())["applied"]
    return applied


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    """The first call makes the tables, the second finds them up to date."""
    store = f"sqlite:///{tmp_path / 'runs.db'}"
    assert migrated(store) != []
    assert migrated(store) == []
