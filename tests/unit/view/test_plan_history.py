"""Plan versions, their differences, and their drawing."""

from collections.abc import Mapping

import orjson
from tests.unit.view.runs import RUNS, Run, loaded

from flexes.view.mermaid import mermaid
from flexes.view.plan_diff import diff
from flexes.view.plan_history import PlanVersionRow, plan_history


def history(name: str) -> tuple[PlanVersionRow, ...]:
    """Return the plan versions of a run."""
    return plan_history(RUNS[name]().events)


def row(*nodes: Mapping[str, object]) -> PlanVersionRow:
    """Return a plan version of these nodes."""
    return PlanVersionRow(
        run_id="r", version=1, provenance={}, nodes=tuple(dict(node) for node in nodes), facets=(), contracts={}
    )


def test_every_version_is_whole() -> None:
    """A version has nodes with what they take and give, facet arrays, contracts, rationale and provenance."""
    first, second = history("rewritten")
    assert (first.version, first.previous_version, first.triggers) == (1, None, ())
    assert (second.version, second.previous_version, second.triggers) == (2, 1, ("policy",))
    assert second.rationale == "once more"
    assert second.provenance["attempt"] == 2
    assert [intent["directive"] for intent in second.provenance["intents"]] == ["policy"]
    assert second.delta is not None
    assert [node["id"] for node in second.delta["add"]] == ["A~rewrite1"]
    rewrite = second.nodes[2]
    assert (rewrite["kind"], rewrite["inputs"], rewrite["outputs"]) == ("execution", ["copy"], ["copy"])
    assert {found["facet"] for found in second.facets} == {"brief", "copy", "report"}
    assert second.contracts["output"]["required"] == ["copy"]


def test_history_from_the_store_is_the_same() -> None:
    """Loaded events give the same versions as live ones."""
    run = RUNS["rewritten"]()
    live = [version.wire() for version in plan_history(run.events)]
    assert orjson.dumps(live) == orjson.dumps([version.wire() for version in plan_history(loaded(run.events))])


def test_a_run_without_a_plan_has_no_history() -> None:
    """Before the first plan there is no version."""
    assert plan_history(Run().events) == ()


def test_a_difference_in_both_directions() -> None:
    """What one direction adds the other removes; nodes that only moved on are not changed."""
    first, second = history("rewritten")
    forth, back = diff(first, second), diff(second, first)
    assert [node["id"] for node in forth["added"]] == [node["id"] for node in back["removed"]] == ["A~rewrite1"]
    assert forth["changed"] == back["changed"] == []
    assert (forth["from"], forth["to"], forth["triggers"]) == (1, 2, ["policy"])


def test_a_changed_node_says_what_changed() -> None:
    """A changed node lists each field with both values; a field that came or went has null on the other side."""
    old = {"id": "A", "capability": "writer", "dependsOn": []}
    new = {"id": "A", "capability": "writer.lite", "dependsOn": [], "stage": "draft", "origin": {"version": 2}}
    assert diff(row(old), row(new))["changed"] == [
        {
            "id": "A",
            "changes": {
                "capability": {"from": "writer", "to": "writer.lite"},
                "stage": {"from": None, "to": "draft"},
            },
        }
    ]


def test_the_drawing() -> None:
    """A flowchart has a box for each node and an arrow for each dependency, styled by status."""
    text = mermaid(history("completed")[0], {"A": "completed", "B": "running"})
    assert text.splitlines()[:4] == [
        "flowchart TD",
        '    n0["A<br/>writer<br/>completed"]:::completed',
        '    n1["B<br/>review<br/>running"]:::running',
        "    n0 --> n1",
    ]
    assert "classDef completed" in text
    assert "classDef failed" not in text


def test_labels_cannot_break_out() -> None:
    """Quotes, brackets, markup, entities and line ends in a label are written as numbers."""
    evil = '"]; click n0 "javascript:alert(1)" <b>`#quot;`\nend'
    text = mermaid(row({"id": evil, "capability": "a|b{c}", "dependsOn": []}), {evil: 'x"y'})
    (box,) = (line for line in text.splitlines() if line.strip().startswith("n0"))
    assert box.count('"') == 2
    assert not set("<>`|{};\n") & set(box.replace("<br/>", "").replace(";", "", box.count("#")).removesuffix(";"))
    assert "#34;#93;#59; click n0 #34;javascript:alert(1)#34;" in box
    assert len(text.splitlines()) == 2
