"""The generated parts of the documents say what the code does now, and leave nothing out."""

import json
import re
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter
from scripts.reference import parts
from scripts.reference.drawing import drawn
from scripts.reference.golden import golden
from scripts.reference.meanings import OUTCOMES
from tests.docs.pages import ROOT

from flexes.policy.actions import ACTION_TYPES, Action
from flexes.policy.authored import RuntimePolicy
from flexes.policy.legacy import LEGACY_ACTIONS, LEGACY_FIELDS
from flexes.run.action_table import cells
from flexes.run.guards import Outcome
from flexes.run.lifecycle import ACTIVE, FINAL, SUSPENDED, transitions

STALE = "run python -m scripts.reference"


def document(name: str) -> str:
    """Return a document."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def section(name: str) -> str:
    """Return a generated part, as it stands in its document."""
    both = document("actions.md") + document("lifecycle.md")
    found = re.search(rf"<!-- generated: {name} -->\n(.*?)<!-- end -->", both, re.DOTALL)
    assert found is not None, name
    return found[1]


def rows(name: str) -> dict[str, list[str]]:
    """Return the rows of the tables of a generated part, by their first cell."""
    lines = [line.strip("| ").split(" | ") for line in section(name).splitlines() if line.startswith("| ")]
    return {line[0].strip("`"): line[1:] for line in lines}


def examples(text: str) -> list[Any]:
    """Return the JSON documents that a text shows."""
    return [json.loads(found) for found in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


@pytest.mark.parametrize("name", parts.PAGES)
def test_is_fresh(name: str) -> None:
    """What the documents say is what the code does now."""
    assert parts.rewritten(document(name)) == document(name), f"docs/{name} is stale; {STALE}"


def test_a_stale_part_is_seen() -> None:
    """A word that was changed in a generated part comes to light."""
    tampered = document("lifecycle.md").replace("planning --> running", "planning --> completed")
    assert parts.rewritten(tampered) != tampered
    assert parts.rewritten(tampered) == document("lifecycle.md")


def test_every_part_has_its_place() -> None:
    """Each generated part stands in one document, once."""
    both = document("actions.md") + document("lifecycle.md")
    assert sorted(re.findall(r"<!-- generated: ([a-z ]+) -->", both)) == sorted(parts.PARTS)


@pytest.mark.parametrize("kind", ACTION_TYPES)
def test_shapes_are_accepted(kind: str) -> None:
    """Story 8.23 AC5: the JSON shape of each action is one that the parser takes, with every option of the model."""
    (shape,) = examples(section(f"shape {kind}"))
    action: Any = TypeAdapter(Action).validate_python(shape)
    options = {field.alias for name, field in type(action).model_fields.items() if name != "type"}
    assert shape.keys() - {"type"} == options
    assert all(f"| `{option}` |" in section(f"shape {kind}") for option in options)


@pytest.mark.parametrize("kind", ACTION_TYPES)
def test_frames_are_of_golden_runs(kind: str) -> None:
    """Story 8.23 AC3 and AC5: example payloads are cut from stored runs, and name the canonical action type."""
    shown = examples(section(f"frames {kind}"))
    name = re.findall(r"From the run `([^`]+)`", section(f"frames {kind}"))[0]
    stored = golden(name)
    assert shown[0]["payload"]["action"] == shown[0]["payload"]["actionDetails"]["type"] == kind
    for frame in shown:
        assert any(frame.items() <= found.items() for found in stored)


def test_the_first_example_is_accepted() -> None:
    """Story 8.23 AC5: the directive that the reference begins with is one that the parser takes."""
    assert RuntimePolicy.model_validate(examples(document("actions.md"))[0]).action.type == "goto"


def test_every_cell_is_told() -> None:
    """The document has a cell for each action, situation and source, and the events of each that speaks."""
    assert section("situations").count("| `") >= len(cells()) / 7
    for cell in cells():
        if cell.events:
            assert " → ".join(cell.events) in section("sequences")
            assert " → ".join(cell.later) in section("sequences")


def test_outcomes_rails_and_legacy_names_are_complete() -> None:
    """Story 8.23 AC1 and QR12: every outcome, guard rail and earlier name is explained."""
    assert list(OUTCOMES) == list(get_args(Outcome)) == list(rows("outcomes"))[1:]
    assert rows("legacy actions").keys() >= LEGACY_ACTIONS.keys()
    assert rows("legacy fields").keys() >= LEGACY_FIELDS.keys()
    for old, new in LEGACY_ACTIONS.items():
        assert f"use '{new}'" in rows("legacy actions")[old][1]


def test_flags_switch_off() -> None:
    """Semantics 9: what each flag leaves; the dispatcher off is replan only."""
    found = rows("flags")
    assert found["policy_engine"][:6] == ["not evaluated"] * 6
    assert found["action_dispatcher"][:6] == ["disabled", "acts", "disabled", "disabled", "disabled", "disabled"]
    assert found["replanning"][:6] == ["acts", "disabled", "acts", "acts", "acts", "acts"]


def test_the_diagram_has_every_move() -> None:
    """House style 9: the diagram is drawn from the chart, every move from one status to another in it."""
    drawn = section("chart")
    for (before, event), targets in transitions().items():
        for after in targets - {before}:
            assert re.search(rf"    {before} --> {after}: .*\b{event}\b", drawn)


def test_the_drawing_is_fresh() -> None:
    """The picture of the lifecycle is the one that the chart makes, and shows every status."""
    picture = document("lifecycle.svg")
    assert picture == drawn(), f"docs/lifecycle.svg is stale; {STALE}"
    assert all(f">{status}</text>" in picture for status in ACTIVE | SUSPENDED | FINAL)


@pytest.mark.parametrize("move", [("planning", "PlanSkipped", "running"), ("paused", "Paused", "asleep")])
def test_the_drawing_refuses_what_it_has_no_place_for(move: tuple[str, str, str]) -> None:
    """A transition or a status that was added to the chart stops the generation until it is laid out."""
    before, event, after = move
    table = {**transitions(), (before, event): frozenset({after})}
    with pytest.raises(ValueError, match=rf"no arrow for .*{event}.*{after}"):
        drawn(table)


def test_the_drawing_refuses_what_the_chart_has_lost() -> None:
    """A transition that was taken from the chart does not stay in the picture."""
    table = {move: targets for move, targets in transitions().items() if move != ("running", "Completed")}
    with pytest.raises(ValueError, match="the chart does not allow"):
        drawn(table)


def test_commands_follow_the_rules() -> None:
    """Semantics 2: cancel in every open status; resume by the status; decisions only where a request is open."""
    found = rows("commands")
    statuses = found["command"][1:]
    assert set(statuses) == ACTIVE | SUSPENDED | FINAL

    def of(command: str) -> dict[str, str]:
        return dict(zip(statuses, (cell.strip("`") for cell in found[command][1:]), strict=True))

    resumed = {"paused": "Resumed", "awaiting_hitl": "hitl_pending", **dict.fromkeys(FINAL, "invalid_run_state")}
    assert of("ResumeRun") == dict.fromkeys(ACTIVE, "nothing") | resumed
    ended = dict.fromkeys(FINAL, "invalid_run_state")
    assert of("CancelRun") == dict.fromkeys(ACTIVE | SUSPENDED, "Cancelled") | ended
    assert of("PauseRun") == dict.fromkeys(ACTIVE | SUSPENDED, "Paused") | ended
    assert of("ReceiveSignal") == dict.fromkeys(ACTIVE | SUSPENDED, "SignalReceived") | ended
    decided = {
        status for status, comes_to in of("ResolveHitl, of an open request").items() if comes_to == "HitlResolved"
    }
    assert decided == SUSPENDED
