"""The worst case of a policy check beside the exact one, found by trying every run of a small plan."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from tests.property.worst_case_oracle import most_runs

from flexes.envelope.capability import Catalog
from flexes.plan.outline import outlined
from flexes.plan.plan import Plan
from flexes.policy.authored import TaskPolicies
from flexes.policy.check_counts import WorstCase
from flexes.policy.normalize import normalize

CATALOG = Catalog.model_validate(
    {
        "capabilities": [
            {"id": "make-a", "outputs": ["a"], "cost": 1.0, "fallbacks": ["lite-a"]},
            {"id": "lite-a", "outputs": ["a"], "cost": 0.5},
            {"id": "make-b", "outputs": ["b"]},
            {"id": "judge", "kind": "validation", "outputs": ["c"]},
            {"id": "check", "kind": "validation", "outputs": ["d"]},
        ]
    }
)
Document = dict[str, Any]

A: Document = {"id": "a", "capability": "make-a"}
ALONE: Document = {"id": "b", "capability": "make-b"}
B: Document = {**ALONE, "dependsOn": ["a"]}
C: Document = {"id": "c", "capability": "judge", "dependsOn": ["a"]}
D: Document = {"id": "d", "capability": "check", "dependsOn": ["a"]}
LINE, LONGER = [A, B], [A, B, {**C, "dependsOn": ["b"]}]
JUDGED, TWICE = [A, C], [A, C, D]
FORK, APART = [A, B, C], [A, ALONE]


def goto(target: str | None = None, times: int = 1) -> Document:
    """Return a goto."""
    return {"type": "goto", "next": target, "maxAttempts": times}


def rule(kind: str, node: str | None, action: Document, name: str = "x") -> Document:
    """Return a directive on nodes that fail or measure too little."""
    trigger = {"kind": kind, "selector": {"node": node} if node else None}
    return {"id": name, "trigger": trigger, "when": "$signal.metrics.m < 0.5", "action": action}


def gotos(nodes: tuple[str, ...], name: str) -> list[Document]:
    """Return every goto of a line: on success and on failure, of each node and of all, to each node and to itself."""
    shapes = product(("onNodeComplete", "onNodeFail"), (None, *nodes), (None, *nodes), (1, 2))
    return [rule(kind, node, goto(target, times), name) for kind, node, target, times in shapes]


def pairs(nodes: tuple[str, ...], step: int) -> Iterator[list[Document]]:
    """Yield some pairs of gotos, spread evenly over all."""
    yield from map(list, list(product(gotos(nodes, "x"), gotos(nodes, "y")))[::step])


def exact_and_counted(nodes: list[Document], policies: dict[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how often each node runs at most, and what the check says."""
    rails = {"onLimit": "continue", "maxHitlRequests": 2, **policies.get("guardRails", {})}
    policies = {**policies, "guardRails": rails}
    envelope = {"objective": "x", "outputContract": {"mode": "freeform"}, "policies": policies}
    authored = TaskPolicies.model_validate(policies)
    plan = Plan.model_validate({"version": 1, "nodes": nodes})
    directives = normalize(authored, CATALOG).directives
    topology = authored.planner.topology
    worst = WorstCase(directives, authored.guard_rails, topology, outlined(plan, CATALOG), CATALOG.capabilities)
    most = most_runs(envelope, CATALOG, {"nodes": nodes})
    return {node: most[node] for node in worst.ids}, {node: worst.runs(node) for node in worst.ids}


@pytest.mark.parametrize(
    ("nodes", "policies"),
    [
        *((LINE, [one]) for one in gotos(("a", "b"), "x")),
        *((LINE, two) for two in pairs(("a", "b"), 41)),
        *((LONGER, two) for two in pairs(("a", "b", "c"), 137)),
    ],
)
def test_gotos_in_a_line_are_counted_exactly(nodes: list[Document], policies: list[Document]) -> None:
    """Where nodes stand in one line and only gotos run them again, some run reaches what is counted, and none more."""
    exact, counted = exact_and_counted(nodes, {"runtime": policies})
    assert exact == counted


@pytest.mark.parametrize("side", ["approveAction", "rejectAction"])
@pytest.mark.parametrize(
    "inner", [*gotos(("a", "b"), "x")[::2], rule("onNodeFail", "a", {"type": "emit", "event": "e"})]
)
def test_one_request_in_a_line_is_counted_exactly(inner: Document, side: str) -> None:
    """What people decide, and what runs again since they were asked, share `maxHitlRequests`: nothing counts twice."""
    asking = {**inner, "action": {"type": "hitl", side: inner["action"]}}
    exact, counted = exact_and_counted(LINE, {"runtime": [asking]})
    assert exact == counted


RETRIES = {"thresholds": {"retries": [{"id": "r", "max": 2, "onUnresolved": "continue"}]}}
REWRITE = {"type": "replan", "intent": "rewrite"}
EACH_THREE = {"maxReplansPerPolicy": 3, "maxRewritesPerNode": 3}
ONCE = {"maxReplansPerPolicy": 1}

CASES: dict[str, tuple[list[Document], dict[str, Any], dict[str, int], dict[str, int]]] = {
    "a retry runs nothing but what failed": (LONGER, RETRIES, {"a": 3, "b": 3, "c": 3}, {"a": 3, "b": 3, "c": 3}),
    "also beside a copy": (
        JUDGED,
        {**RETRIES, "runtime": [rule("onNodeComplete", "c", REWRITE)], "guardRails": ONCE},
        {"a": 6, "c": 6},
        {"a": 6, "c": 6},
    ),
    "a branch that ran before runs again": (
        FORK,
        {"runtime": [rule("onNodeComplete", "b", goto("a"))]},
        {"a": 2, "b": 2, "c": 2},
        {"a": 2, "b": 2, "c": 2},
    ),
    "a goto aside fires once": (
        APART,
        {"runtime": [rule("onNodeComplete", "a", goto("b", 3))]},
        {"a": 1, "b": 2},
        {"a": 1, "b": 4},
    ),
    "two judges double": (
        TWICE,
        {"runtime": [rule("onNodeComplete", None, REWRITE)], "guardRails": ONCE},
        {"a": 2, "c": 2, "d": 2},
        {"a": 2, "c": 2, "d": 2},
    ),
    "one judge does not": (
        JUDGED,
        {"runtime": [rule("onNodeComplete", "c", REWRITE)], "guardRails": EACH_THREE},
        {"a": 4, "c": 4},
        {"a": 8, "c": 8},
    ),
    "a goto runs every copy again": (
        JUDGED,
        {
            "runtime": [rule("onNodeFail", "c", goto("a"), "y"), rule("onNodeComplete", "c", REWRITE)],
            "guardRails": ONCE,
        },
        {"a": 4, "c": 4},
        {"a": 4, "c": 4},
    ),
    "what failed is replaced": (
        LINE,
        {"runtime": [rule("onNodeFail", "a", {"type": "replan"})]},
        {"a": 2, "b": 1},
        {"a": 3, "b": 1},
    ),
}


@pytest.mark.parametrize(("nodes", "policies", "exact", "counted"), CASES.values(), ids=CASES)
def test_what_is_counted_beside_what_can_be(
    nodes: list[Document], policies: dict[str, Any], exact: dict[str, int], counted: dict[str, int]
) -> None:
    """What is counted is never less than what a run reaches, and no more than the table admits."""
    assert exact_and_counted(nodes, policies) == (exact, counted)
