"""Policies from the command line: check, schema, eval and explain."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from flexes.cli.main import run_command

POLICIES = '{runtime: [{id: again, when: {%s: {"<": 0.7}}, action: {type: goto}}]}'
ENVELOPE = "{objective: x, outputContract: {mode: facets, facets: [copy]}, policies: %s}"
CAPABILITY = "{id: w, outputs: [copy], script: [{outputs: {copy: {score: 1}}}]}"


def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> tuple[int, dict[str, Any]]:
    """Return the exit status and the JSON of a check."""
    (tmp_path / "file.yaml").write_text(text)
    status = run_command(["policy", "check", str(tmp_path / "file.yaml"), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_check_takes_any_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An envelope, its policies alone and a scenario are told apart by their keys."""
    policies = POLICIES % "copy.score"
    envelope = ENVELOPE % policies
    for text, kind in (
        (policies, "policies"),
        (envelope, "envelope"),
        (f"{{envelope: {envelope}, capabilities: [{CAPABILITY}]}}", "scenario"),
    ):
        assert checked(tmp_path, capsys, text)[1]["kind"] == kind


def test_schema_errors_have_a_pointer_and_a_suggestion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the schema refuses is an error with JSON pointer, code and remedy, and exit status 1."""
    status, found = checked(tmp_path, capsys, "{runtime: [{id: a, whn: x, action: {type: goto_node}}]}")
    assert (status, found["ok"]) == (1, False)
    assert {finding["severity"] for finding in found["findings"]} == {"error"}
    pointers = {finding["pointer"]: finding["message"] for finding in found["findings"]}
    assert "goto" in pointers["/runtime/0/action/type"]
    assert "did you mean 'when'" in pointers["/runtime/0/whn"]


def test_a_facet_that_nothing_offers_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the catalog is known, reading a facet that nothing produces is an error."""
    for facet, status in (("copy.score", 0), ("qa.score", 1)):
        text = f"{{envelope: {ENVELOPE % (POLICIES % facet)}, capabilities: [{CAPABILITY}]}}"
        assert checked(tmp_path, capsys, text)[0] == status


def test_the_schema_is_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """`policy schema` prints a JSON Schema of envelopes with the names of the wire."""
    assert run_command(["policy", "schema"]) == 0
    assert {"objective", "outputContract"} <= json.loads(capsys.readouterr().out)["properties"].keys()


LINES = [
    ('{"when": "a < 1", "facets": {"a": 0}}', "matched", ""),
    ('{"when": {"a": {"<": 1}}, "facets": {"a": 1}}', "skipped", "false"),
    ("   ", None, ""),
    ('{"when": "a < 1"}', "skipped", "missing"),
    ('{"when": "a < 1", "facets": {"a": "0"}}', "invalid", "a: expected number, got string"),
    ('{"when": "a < 1", "facets": {"a": NaN}}', "invalid", "a: expected number, got NaN"),
    ('{"when": {"a": {"<<": 1}}}', "malformed", "unknown_operator: "),
    ('{"when": {"a": 1, "a": 2}}', "malformed", "duplicate_key: "),
    ('{"when": "a <"}', "malformed", "syntax: "),
    ('{"facets": {}}', "malformed", "bad_shape: "),
    ("no JSON", "malformed", "syntax: "),
    ("[" * 100_000, "malformed", "too_deep: "),
    ('{"when": "' + "a" * 10_000_000 + '"}', "malformed", "too_large: "),
    ("\udcff", "malformed", "not_utf8: "),
    ('{"when": "!a", "facets": {"a": false}}', "matched", ""),
]


def answers(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> Sequence[dict[str, Any]]:
    """Return what a command says of each line that is not blank."""
    file = tmp_path / "lines.jsonl"
    file.write_bytes("\n".join(line for line, _, _ in LINES).encode(errors="surrogateescape"))
    assert run_command(["policy", command, str(file)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_eval_answers_each_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One outcome and reason a line, whatever the line holds; the exit status is 0."""
    found = answers(tmp_path, capsys, "eval")
    wanted = [(outcome, reason) for _, outcome, reason in LINES if outcome is not None]
    assert [answer["outcome"] for answer in found] == [outcome for outcome, _ in wanted]
    for answer, (outcome, reason) in zip(found, wanted, strict=True):
        assert answer["reason"].startswith(reason) if outcome == "malformed" else answer["reason"] == reason


def test_explain_shows_each_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each leaf comes with its result and the value that it saw."""
    first = answers(tmp_path, capsys, "explain")[0]
    assert first["expression"] == "a < 1"
    assert first["tests"] == [{"expression": "a < 1", "letter": "T", "seen": "0", "reason": ""}]
