"""`flexes policy check` and `policy schema`: exit status, places, text and JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flexes.cli.main import run_command

APP = """
from flexes import CapabilityRegistry
registry = CapabilityRegistry()

@registry.capability("w", outputs=["copy"])
async def w(ctx):
    return {"copy": 1}
"""
ENVELOPE = "{objective: x, outputContract: {mode: facets, facets: [copy]}, policies: {runtime: [%s]}}"
SCENARIO = "{envelope: %s, capabilities: [{id: w, outputs: [copy], script: [{outputs: {copy: 1}}]}]}"
EMIT = "{id: d, action: {type: emit, event: e}}"
BACK = "{id: d, trigger: {selector: {node_id: w}}, action: {type: goto, next: ww}}"
GHOST = "{id: d, when: ghost > 1, action: {type: emit, event: e}}"


def check(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, *options: str) -> tuple[int, dict[str, Any]]:
    """Return the exit status and the JSON of a check."""
    (tmp_path / "file.yaml").write_text(text)
    status = run_command(["policy", "check", str(tmp_path / "file.yaml"), "--json", *options])
    return status, json.loads(capsys.readouterr().out)


def test_warnings_leave_the_status_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with warnings only is fine; they are told all the same."""
    status, found = check(tmp_path, capsys, ENVELOPE % EMIT)
    assert (status, found["ok"]) == (0, True)
    assert ("warning", "/policies/runtime/0/trigger") in {
        (one["severity"], one["pointer"]) for one in found["findings"]
    }


def test_a_scenario_brings_catalog_and_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan that the built-in planner drafts is known, and pointers lead into the whole document."""
    status, found = check(tmp_path, capsys, SCENARIO % (ENVELOPE % BACK))
    errors = [(one["code"], one["pointer"]) for one in found["findings"] if one["severity"] == "error"]
    assert (status, errors) == (1, [("unknown_node", "/envelope/policies/runtime/0/action/next")])


def test_an_app_brings_its_catalog(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An envelope is checked against the capabilities of --app; without it facets are not known."""
    (tmp_path / "app_of_the_check.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    assert check(tmp_path, capsys, ENVELOPE % GHOST)[0] == 0
    status, found = check(tmp_path, capsys, ENVELOPE % GHOST, "--app", "app_of_the_check:registry")
    assert (status, found["findings"][0]["code"]) == (1, "unknown_facet")


def test_the_text_names_file_place_and_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding is one line with file, severity, pointer, directive, message, example and code."""
    (tmp_path / "p.yaml").write_text(f"{{runtime: [{GHOST}]}}")
    assert run_command(["policy", "check", str(tmp_path / "p.yaml")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{tmp_path / 'p.yaml'}: info: /runtime/0/")
    assert any('as with {"ghost":' in line and line.endswith("[can_match]") for line in lines)
    assert lines[-1] == f"{tmp_path / 'p.yaml'}: policies: ok"


def test_an_unreadable_file_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, or is no document, is exit status 2, and no traceback."""
    (tmp_path / "broken.yaml").write_text("{runtime: [")
    for name in ("missing.yaml", "broken.yaml"):
        assert run_command(["policy", "check", str(tmp_path / name)]) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_the_schema_of_policies_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """`--of policies` prints the schema that a bare policies document is edited with."""
    assert run_command(["policy", "schema", "--of", "policies"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert Draft202012Validator(schema).is_valid({"runtime": [{"id": "d", "action": {"type": "fail"}}]})
    assert not Draft202012Validator(schema).is_valid({"objective": "x"})
