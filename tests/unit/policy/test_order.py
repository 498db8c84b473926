"""The total order of directives: severity, class, declaration (semantics 7)."""

from itertools import permutations
from typing import Any

from tests.unit.policy.policy_cases import context_of

ACTIONS: dict[str, dict[str, Any]] = {
    "fail": {"type": "fail"},
    "hitl": {"type": "hitl"},
    "pause": {"type": "pause"},
    "replan": {"type": "replan"},
    "goto": {"type": "goto"},
    "emit": {"type": "emit", "event": "e"},
}


def order(**policies: Any) -> list[str]:
    """Return the ids in the order in which they act."""
    directives = context_of(**policies).directives
    assert [directive.rank for directive in directives] == list(range(len(directives)))
    return [directive.id for directive in directives]


def test_severity_comes_first() -> None:
    """fail, hitl, pause, replan, goto, emit, however they are declared."""
    for declared in permutations(ACTIONS):
        runtime = [{"id": name, "action": ACTIONS[name]} for name in declared]
        assert order(runtime=runtime) == list(ACTIONS)


def test_class_comes_second() -> None:
    """cost, channel, validation, latency, quality, custom among replans; retry before custom among gotos."""
    thresholds = {
        "quality": [{"id": "quality", "metric": "q", "min": 0.5}],
        "latency": [{"id": "latency", "maxMs": 1.0}],
        "channels": [{"id": "channel", "channel": "web", "facet": "copy"}],
        "cost": [{"id": "cost", "capTotal": 1.0}],
        "retries": [{"id": "retry", "max": 1}],
    }
    runtime = [
        {"id": "custom", "action": {"type": "replan"}},
        {"id": "validation", "trigger": {"kind": "onValidationFail"}, "action": {"type": "replan"}},
        {"id": "goto", "action": {"type": "goto"}},
    ]
    expected = ["cost", "channel", "validation", "latency", "quality", "custom", "retry", "goto"]
    assert order(thresholds=thresholds, runtime=runtime) == expected


def test_declaration_comes_last() -> None:
    """Equal severity and class: thresholds first, then as declared."""
    runtime = [{"id": name, "action": {"type": "hitl"}} for name in "zay"]
    thresholds = {"escalation": [{"id": name, "when": "copy"} for name in "mb"]}
    assert order(runtime=runtime, thresholds=thresholds) == ["m", "b", "z", "a", "y"]
