"""What policies are refused, with which code, at which pointer, with which remedy (semantics 5)."""

from typing import Any

import pytest
from tests.unit.policy.policy_cases import context_of, refused, runtime

from flexes.policy.legacy import LEGACY_ACTIONS, LEGACY_FIELDS

NESTED = [
    ("/approveAction", lambda action: {"type": "hitl", "approveAction": action}),
    ("/rejectAction", lambda action: {"type": "hitl", "rejectAction": action}),
    ("/onTimeout", lambda action: {"type": "hitl", "onTimeout": action}),
    ("/onExhausted", lambda action: {"type": "goto", "onExhausted": action}),
    (
        "/approveAction/onExhausted",
        lambda action: {"type": "hitl", "approveAction": {"type": "goto", "onExhausted": action}},
    ),
    ("", lambda action: action),
]


@pytest.mark.parametrize("named", LEGACY_ACTIONS)
@pytest.mark.parametrize(("where", "wrap"), NESTED)
def test_legacy_actions(named: str, where: str, wrap: Any) -> None:
    """A legacy action name is refused at any depth, and names its replacement."""
    [problem] = refused(**runtime(action=wrap({"type": named})))
    assert problem.code == "legacy_action"
    assert problem.pointer == f"/runtime/0/action{where}/type"
    assert LEGACY_ACTIONS[named] in problem.message
    assert named in problem.value


def test_the_table_of_legacy_actions() -> None:
    """The replacements are those of semantics 5."""
    assert dict(LEGACY_ACTIONS) == {
        "goto_node": "goto",
        "retry_node": "goto",
        "replan_run": "replan",
        "hitl_pause": "hitl",
        "fail_run": "fail",
        "pause_run": "pause",
        "log_only": "emit",
    }


@pytest.mark.parametrize("field", LEGACY_FIELDS)
@pytest.mark.parametrize(
    ("where", "wrap"),
    [
        ("", lambda found: found),
        ("/planner", lambda found: {"planner": found}),
        ("/planner/topology", lambda found: {"planner": {"topology": found}}),
        ("/runtime/0", lambda found: runtime(**found)),
        ("/thresholds/latency/0", lambda found: {"thresholds": {"latency": [{"id": "t", "maxMs": 1.0, **found}]}}),
        ("/runtime/0/action", lambda found: runtime(action={"type": "replan", **found})),
        ("/runtime/0/trigger", lambda found: runtime(trigger=found)),
    ],
)
def test_legacy_fields(field: str, where: str, wrap: Any) -> None:
    """A legacy field is refused wherever it stands, and names its replacement."""
    [problem] = refused(**wrap({field: 3}))
    assert problem.code == "legacy_field"
    assert problem.pointer == f"{where}/{field}"
    assert LEGACY_FIELDS[field] in problem.message


@pytest.mark.parametrize("action", [{"type": "dance"}, {"type": 5}, {"type": None}, {"type": ["goto"]}])
def test_unknown_actions(action: dict[str, Any]) -> None:
    """An unknown action is quoted, and the six are listed."""
    [problem] = refused(**runtime(action=action))
    assert problem.code == "unknown_action"
    assert problem.pointer == "/runtime/0/action/type"
    assert repr(action["type"]) in problem.message
    assert all(name in problem.message for name in ("goto", "replan", "hitl", "fail", "pause", "emit"))


TRIGGERS: dict[str, tuple[dict[str, Any], str]] = {
    "a metric trigger without a metric": ({"kind": "onMetricBelow", "threshold": 1.0}, "/metric"),
    "a metric trigger without a threshold": ({"kind": "onMetricAbove", "metric": "q"}, "/threshold"),
    "a metric elsewhere": ({"kind": "onNodeFail", "metric": "q"}, "/metric"),
    "a threshold elsewhere": ({"kind": "manual", "threshold": 1.0}, "/threshold"),
    "ms elsewhere": ({"kind": "onNodeComplete", "ms": 5.0}, "/ms"),
    "no time at all": ({"kind": "onTimeout", "ms": 0.0}, "/ms"),
    "a selector at the start": ({"kind": "onStart", "selector": {"node": "a"}}, "/selector"),
    "an unknown kind": ({"kind": "onMoon"}, "/kind"),
    "an unknown key": ({"kind": "manual", "when": {}}, "/when"),
    "an unknown selector key": ({"selector": {"colour": "red"}}, "/selector/colour"),
    "an unknown kind of node": ({"selector": {"kind": "magic"}}, "/selector/kind"),
}


@pytest.mark.parametrize("name", TRIGGERS)
def test_triggers(name: str) -> None:
    """A trigger has the fields of its kind and no others; onStart comes before any node."""
    trigger, pointer = TRIGGERS[name]
    assert [problem.pointer for problem in refused(**runtime(trigger=trigger))] == [f"/runtime/0/trigger{pointer}"]


POLICIES: dict[str, tuple[dict[str, Any], str]] = {
    "goto at the start": (
        runtime(trigger={"kind": "onStart"}, action={"type": "goto"}),
        "/runtime/0/action/type",
    ),
    "goto when exhausted": (
        runtime(action={"type": "goto", "onExhausted": {"type": "goto"}}),
        "/runtime/0/action/onExhausted/type",
    ),
    "a cost threshold without a cap": ({"thresholds": {"cost": [{"id": "t"}]}}, "/thresholds/cost/0"),
    "an id twice": ({"runtime": [*runtime()["runtime"], *runtime()["runtime"]]}, "/runtime/1/id"),
    "no id": ({"runtime": [{"action": {"type": "replan"}}]}, "/runtime/0/id"),
    "no action": ({"runtime": [{"id": "r"}]}, "/runtime/0/action"),
    "an action that is no object": (runtime(action="goto"), "/runtime/0/action"),
    "an unknown key": (runtime(colour="red"), "/runtime/0/colour"),
    "an unknown key of an action": (runtime(action={"type": "fail", "code": 1}), "/runtime/0/action/code"),
    "an unknown opt-out": (
        {"overrides": [{"selector": {"node": "a"}, "optOut": ["nobody"], "rationale": "r"}]},
        "/overrides/0/optOut/0",
    ),
    "an override without a reason": (
        {**runtime(), "overrides": [{"selector": {"node": "a"}, "optOut": ["r"]}]},
        "/overrides/0/rationale",
    ),
    "a number as text": (runtime(cooldownMs="5"), "/runtime/0/cooldownMs"),
    "a flag as number": (runtime(enabled=1), "/runtime/0/enabled"),
    "a guard rail below zero": ({"guardRails": {"maxReplans": -1}}, "/guardRails/maxReplans"),
    "no planner attempt": ({"guardRails": {"maxPlannerAttempts": 0}}, "/guardRails/maxPlannerAttempts"),
    "an unknown limit": ({"guardRails": {"onLimit": "shrug"}}, "/guardRails/onLimit"),
    "not a number": ({"thresholds": {"latency": [{"id": "t", "maxMs": float("nan")}]}}, "/thresholds/latency/0/maxMs"),
    "a key with a slash": (runtime(**{"a/b~c": 1}), "/runtime/0/a~1b~0c"),
}  # fmt: skip


@pytest.mark.parametrize("name", POLICIES)
def test_policies(name: str) -> None:
    """A fault is said once, with the JSON pointer of its place."""
    policies, pointer = POLICIES[name]
    [problem] = refused(**policies)
    assert problem.pointer == pointer
    assert problem.message


def test_all_faults_at_once() -> None:
    """Every fault of a document is said, not only the first."""
    pointers = [
        problem.pointer
        for problem in refused(runtime=[{"id": "a"}, {"id": "b", "action": {"type": "x"}}], guardRails={"k": 1})
    ]
    assert pointers == ["/runtime/0/action", "/runtime/1/action/type", "/guardRails/k"]


@pytest.mark.parametrize("depth", range(1, 7))
def test_nesting(depth: int) -> None:
    """Actions nest to depth three below the directive's own; one deeper is refused (semantics 8)."""
    action: dict[str, Any] = {"type": "pause"}
    for _ in range(depth):
        action = {"type": "hitl", "approveAction": action}
    if depth <= 3:
        assert context_of(**runtime(action=action)).directives
    else:
        [problem] = refused(**runtime(action=action))
        assert (problem.code, problem.pointer) == ("nesting_depth", "/runtime/0/action")


def test_selector_spellings() -> None:
    """`capabilityId` and `nodeId` are accepted, an empty text is an absent field (semantics 5)."""
    [found] = context_of(
        **runtime(trigger={"selector": {"capabilityId": "write", "nodeId": "", "tags": []}})
    ).directives
    assert found.selector is not None
    assert (found.selector.capability, found.selector.node) == ("write", None)


@pytest.mark.parametrize(
    "when", [{"copy": "\ud800"}, {"copy\ud800": 1}, 'copy = "\ud800"', {"tags": {"$includes": "\ud800"}}]
)
def test_a_predicate_with_ill_formed_text(when: Any) -> None:
    """A lone surrogate is refused with its place, and the refusal itself can be written anywhere."""
    [problem] = refused(**runtime(when=when))
    assert problem.pointer.startswith("/runtime/0/when")
    assert "\\ud800" in str(problem)
    assert str(problem).encode()
