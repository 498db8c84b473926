"""Idempotency keys on the command line."""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from flexes.cli.main import run_command
from flexes.store.urls import open_store

GATE = """
envelope:
  objective: A post that a person approves
  inputs: {brief: {}}
  outputContract: {mode: facets, facets: [copy]}
  policies: {runtime: [{id: gate, action: {type: hitl}}]}
capabilities:
  - {id: writer, inputs: [brief], outputs: [copy], script: [{outputs: {copy: a post}}]}
"""


def said(*arguments: str) -> str:
    """Return what a command prints; it must succeed."""
    out = StringIO()
    with redirect_stdout(out):
        assert run_command(arguments) == 0
    return out.getvalue()


def test_an_approval_given_twice_under_one_key_is_answered_alike(tmp_path: Path) -> None:
    """The same key twice has one effect and the same answer, also where the request is left to be found."""
    scenario, store = tmp_path / "gate.yaml", f"sqlite:///{tmp_path / 'runs.db'}"
    scenario.write_text(GATE)
    said("simulate", str(scenario), "--store", store)
    opened = open_store(store)
    run_id = opened.heads()[0].run_id
    approval = ("approve", run_id, "--by", "lead", "--idempotency-key", "once", "--store", store)
    first = said(*approval).splitlines()[-3:]
    events = len(opened.read(run_id))
    assert said(*approval).splitlines()[-3:] == first
    assert len(opened.read(run_id)) == events
    opened.close()
