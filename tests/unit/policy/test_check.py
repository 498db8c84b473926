"""Each rule of a policy check, with what it says and what it leaves alone."""

from typing import Any

import pytest

from flexes.envelope.capability import Catalog
from flexes.plan.outline import outlined
from flexes.plan.plan import Plan
from flexes.policy.authored import TaskPolicies
from flexes.policy.check import findings
from flexes.policy.check_finding import Finding, Surroundings
from flexes.policy.check_places import as_authored

CATALOG = Catalog.model_validate(
    {
        "capabilities": [
            {"id": "writer", "outputs": ["copy"], "tags": ["llm"]},
            {"id": "judge", "kind": "validation", "inputs": ["copy"], "outputs": ["qa"]},
            {"id": "printer", "inputs": ["copy"], "outputs": ["page"]},
        ],
        "facets": {"qa": {"schema": {"type": "object", "properties": {"score": {"type": "number"}}}}},
    }
)
PLAN = Plan.model_validate(
    {
        "version": 1,
        "nodes": [
            {"id": "draft", "capability": "writer", "stage": "make"},
            {"id": "check", "capability": "judge", "dependsOn": ["draft"]},
            {"id": "print", "capability": "printer", "dependsOn": ["check"]},
        ],
    }
)
KNOWN = Surroundings(CATALOG, {"brief": {"tone": "dry"}}, outlined(PLAN, CATALOG), metrics=frozenset({"quality"}))
FAIL = {"type": "fail"}
EMIT = {"type": "emit", "event": "e"}


def directive(action: dict[str, Any] = FAIL, **more: Any) -> dict[str, Any]:
    """Return policies with one directive."""
    return {"runtime": [{"id": "d", "action": action, **more}]}


def on(node: str | None = None, kind: str = "onNodeComplete", **more: Any) -> dict[str, Any]:
    """Return a trigger on a node."""
    return {"kind": kind, "selector": {"node": node} if node else None, **more}


def said(policies: dict[str, Any], around: Surroundings = KNOWN) -> tuple[Finding, ...]:
    """Return what the check finds."""
    return findings(TaskPolicies.model_validate(policies), around)


CASES: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "unknown_capability",
        "error",
        "/runtime/0/trigger/selector/capability",
        directive(trigger={"selector": {"capability": "writr"}}),
    ),
    (
        "unknown_capability",
        "error",
        "/planner/selection/forbid/0",
        {"planner": {"selection": {"forbid": ["lmm"]}}},
    ),
    (
        "unknown_node",
        "error",
        "/runtime/0/action/next",
        directive({"type": "goto", "next": "draf"}, trigger=on("check")),
    ),
    (
        "unknown_node",
        "error",
        "/runtime/0/action/rejectAction/target",
        directive({"type": "hitl", "rejectAction": {"type": "replan", "target": "x"}}),
    ),
    ("unknown_node", "error", "/runtime/0/trigger/selector/node", directive(trigger=on("drat"))),
    (
        "unknown_node",
        "error",
        "/thresholds/quality/0/target",
        {"thresholds": {"quality": [{"id": "q", "metric": "quality", "min": 1, "target": "x"}]}},
    ),
    ("matches_nothing", "warning", "/runtime/0/trigger/selector", directive(trigger={"selector": {"tags": ["lm"]}})),
    ("matches_nothing", "warning", "/runtime/0/trigger/selector", directive(trigger={"selector": {"stage": "mak"}})),
    (
        "override_matches_nothing",
        "warning",
        "/overrides/0/selector",
        directive() | {"overrides": [{"selector": {"kind": "human"}, "optOut": ["d"], "rationale": "r"}]},
    ),
    (
        "override_matches_all",
        "warning",
        "/overrides/0/selector",
        directive() | {"overrides": [{"selector": {}, "optOut": ["d"], "rationale": "r"}]},
    ),
    ("unknown_facet", "error", "/runtime/0/when", directive(when="qaa.score < 1")),
    ("unknown_facet", "error", "/runtime/0/trigger/condition", directive(trigger={"condition": {"dsl": "ghost"}})),
    (
        "unknown_facet",
        "error",
        "/thresholds/channels/0/facet",
        {"thresholds": {"channels": [{"id": "c", "channel": "x", "facet": "text.body"}]}},
    ),
    ("type_mismatch", "error", "/runtime/0/when", directive(when='qa.score = "high"')),
    (
        "unknown_metric",
        "warning",
        "/runtime/0/trigger/metric",
        directive(trigger=on(kind="onMetricBelow", metric="qualty", threshold=1)),
    ),
    ("never_matches", "error", "/runtime/0/when", directive(when="qa.score > 1 && qa.score < 0")),
    ("always_matches", "warning", "/runtime/0/when", directive(when="exists(qa) || !exists(qa)")),
    ("always_matches", "warning", "/runtime/0/when", directive(when="qa.score >= 0 || qa.score < 0")),
    ("unguarded_negation", "warning", "/runtime/0/when", directive(when='copy.tone != "dry"')),
    ("can_match", "info", "/runtime/0/when", directive(when="qa.score < 0.5")),
    ("contradiction", "error", "/runtime/0", directive(when='$signal.kind = "node_failed"')),
    ("contradiction", "error", "/runtime/0", directive(when="$signal.retryable")),
    ("contradiction", "error", "/runtime/0", directive(trigger={"kind": "onStart"}, when="exists(copy)")),
    (
        "contradiction",
        "error",
        "/runtime/0",
        directive(trigger={"selector": {"capability": "judge"}}, when='$node.capability = "writer"'),
    ),
    ("fires_on_every_node", "warning", "/runtime/0/trigger", directive()),
    ("looks_at_every_node", "info", "/runtime/0/trigger", directive(when="qa.score < 1")),
    ("emit_without_cooldown", "info", "/runtime/0", directive(EMIT)),
    (
        "never_acts",
        "warning",
        "/runtime/1",
        {"runtime": [{"id": "stop", "action": FAIL}, {"id": "d", "trigger": on("draft"), "action": {"type": "pause"}}]},
    ),
    (
        "unreachable_target",
        "warning",
        "/runtime/0/action/next",
        directive({"type": "goto", "next": "print"}, trigger=on("draft")),
    ),
    (
        "unreachable_target",
        "warning",
        "/runtime/0/action/target",
        directive({"type": "replan", "target": "print"}, trigger=on("draft")),
    ),
    ("loop", "warning", "/runtime/0", directive({"type": "goto", "next": "draft"}, trigger=on("check"))),
    ("loop", "info", "/runtime/0", directive({"type": "goto"}, trigger=on("check", "onNodeFail"))),
    ("worst_case", "info", "/runtime/0", directive({"type": "goto", "next": "draft"}, trigger=on("check"))),
    ("worst_case", "warning", "/runtime/0", directive({"type": "goto", "maxAttempts": 100}, trigger=on("check"))),
]


@pytest.mark.parametrize(("code", "severity", "pointer", "policies"), CASES)
def test_each_rule_finds_its_fault(code: str, severity: str, pointer: str, policies: dict[str, Any]) -> None:
    """A fault is found where it stands, with its code and severity; never with two severities."""
    found = [one.severity for one in said(policies) if (one.code, one.pointer) == (code, pointer)]
    assert set(found) == {severity}


@pytest.mark.parametrize(
    "policies",
    [
        directive(trigger=on("check"), when="qa.score < 0.5"),
        directive(trigger=on("draft~rewrite1"), when="exists(qa)"),
        directive({"type": "goto", "next": "draft"}, trigger=on("check"), when="exists(copy.tone) && copy.tone != 1"),
        directive(trigger=on("draft"), when='brief.tone != "dry"'),
        directive(trigger=on(kind="onMetricBelow", metric="quality", threshold=1)),
        directive(trigger=on(kind="onMetricAbove", metric="qa.score", threshold=1)),
        directive(enabled=False, when="ghost > 1 && ghost < 0"),
        {"planner": {"selection": {"prefer": ["llm", "judge"]}}},
        {"thresholds": {"quality": [{"id": "q", "metric": "qa.score", "min": 0.8, "target": "draft"}]}},
    ],
)
def test_what_is_right_is_left_alone(policies: dict[str, Any]) -> None:
    """Neither errors nor warnings where names, types and triggers fit; what is disabled is not looked at."""
    assert [found for found in said(policies) if found.severity != "info"] == []


def test_suggestions_name_what_was_meant() -> None:
    """A misspelt name comes with the nearest one that exists."""
    wrong = directive({"type": "goto", "next": "draf"}, trigger={"selector": {"capability": "judje"}})
    messages = {found.code: found.message for found in said(wrong)}
    assert "did you mean 'draft'?" in messages["unknown_node"]
    assert "did you mean 'judge'?" in messages["unknown_capability"]


def test_an_example_matches() -> None:
    """A `when` that can match comes with facets on which it does."""
    found = next(one for one in said(directive(when="qa.score < 0.5")) if one.code == "can_match")
    assert found.example is not None
    assert found.example["qa"]["score"] < 0.5  # type: ignore[index, call-overload, operator]


def test_the_worst_case_is_counted_for_each_node() -> None:
    """A goto of two attempts runs its target and what depends on it twice more, and nothing else."""
    policies = directive({"type": "goto", "next": "check", "maxAttempts": 2}, trigger=on("print"))
    assert {found.node: found.runs for found in said(policies) if found.code == "worst_case"} == {
        "check": 3,
        "print": 3,
    }


def test_without_a_plan_directives_are_counted() -> None:
    """Where the plan is not known, the worst case is that of each directive, and no node is unknown."""
    policies = directive({"type": "goto", "next": "anywhere", "maxAttempts": 2})
    found = [one for one in said(policies, Surroundings()) if one.code == "worst_case"]
    assert [(one.directive, one.node, one.runs) for one in found] == [("d", None, 2)]
    assert all(one.code != "unknown_node" for one in said(policies, Surroundings()))


def test_enormous_caps_are_counted_no_further() -> None:
    """Caps of a million rewrites neither hang the check nor make a number that JSON cannot hold."""
    rails = {"maxReplans": 1_000_000, "maxReplansPerPolicy": 1_000_000, "maxRewritesPerNode": 1_000_000}
    found = said(directive({"type": "replan"}) | {"guardRails": rails})
    assert max(one.runs or 0 for one in found) == 1_000_000_000


def test_findings_are_sorted_and_stable() -> None:
    """Errors come first, then places in the order of the document, numbers as numbers; twice the same."""
    runtime = [{"id": f"d{place}", "action": FAIL, "when": "ghost = 1"} for place in range(11)]
    found = said({"runtime": runtime})
    errors = [one.pointer for one in found if one.severity == "error"]
    assert errors == [f"/runtime/{place}/when" for place in range(11)]
    assert [one.severity for one in found] == sorted((one.severity for one in found), key="error warning info".index)
    assert found == said({"runtime": runtime})


def test_pointers_follow_the_spelling_of_the_document() -> None:
    """A pointer leads to the key as the author spelt it: snake_case, `capabilityId`."""
    document: Any = {"guard_rails": {}, "runtime": [{"trigger": {"selector": {"capabilityId": "x"}}}]}
    pointer = "/runtime/0/trigger/selector/capability"
    assert as_authored(document, pointer) == "/runtime/0/trigger/selector/capabilityId"
    assert as_authored(document, "/guardRails") == "/guard_rails"
