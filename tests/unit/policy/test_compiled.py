"""What a compiled threshold tells of itself: its test as text, its rationale, what it reads, what follows it."""

from typing import Any

import pytest
from tests.unit.policy.policy_cases import threshold

from flexes.policy.actions import Fail, Goto, Hitl, Replan

REPLANS: list[tuple[str, dict[str, Any], str, str, tuple[str, ...]]] = [
    ("quality", {"metric": "qa.score", "min": 0.8}, "qa.score < 0.8", "quality: qa.score < 0.8", ("qa",)),
    ("cost", {"capTotal": 5.0}, "$run.costProjected > 5", "cost: $run.costProjected > 5", ()),
    ("latency", {"maxMs": 2000.0}, "$node.latencyMs > 2000", "latency: $node.latencyMs > 2000", ()),
    (
        "channels",
        {"channel": "web", "facet": "copy.text", "maxLength": 5},
        "copy.text breaks the rules of channel web",
        "channel: copy.text breaks the rules of channel web",
        ("copy",),
    ),
]


@pytest.mark.parametrize(("group", "fields", "expression", "rationale", "reads"), REPLANS)
def test_a_threshold_tells_the_planner_why(
    group: str, fields: dict[str, Any], expression: str, rationale: str, reads: tuple[str, ...]
) -> None:
    """The planner, the logs and the audit get the test in words, and the facets that it reads."""
    found = threshold(group, **fields)
    assert isinstance(found.action, Replan)
    assert (found.expression, found.action.rationale, found.reads) == (expression, rationale, reads)


@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (None, None),
        ("continue", None),
        ("fail", Fail(message="t: 2 retries used up")),
        ("hitl", Hitl(rationale="t: 2 retries used up")),
    ],
)
def test_retries_that_are_used_up(answer: str | None, then: Fail | Hitl | None) -> None:
    """What follows the last retry is the author's `onUnresolved`, with a reason; without one the run goes on."""
    found = threshold("retries", max=2, **({"onUnresolved": answer} if answer else {}))
    assert isinstance(found.action, Goto)
    assert found.action.on_exhausted == then
    assert (found.on_unresolved, found.expression) == (answer, "$signal.retryable = true")


def test_an_escalation_tells_what_it_read() -> None:
    """An escalation carries its test as text, the facets that it reads and its rationale."""
    found = threshold("escalation", when="copy.risk > 0.5 && $run.costTotal > 1", rationale="legal review")
    assert found.expression == "copy.risk > 0.5 && $run.costTotal > 1"
    assert (found.reads, found.produced) == (("copy",), ("copy",))
    assert isinstance(found.action, Hitl)
    assert (found.action.rationale, found.action.approve_action) == ("legal review", None)


@pytest.mark.parametrize("group", ["quality", "cost", "latency", "retries", "channels", "escalation"])
def test_every_threshold_keeps_its_frame(group: str) -> None:
    """Id, selector and cooldown are the author's, whatever the threshold measures."""
    fields: dict[str, dict[str, Any]] = {
        "quality": {"metric": "q", "min": 0.5}, "cost": {"capTotal": 1.0}, "latency": {"maxMs": 1.0},
        "retries": {"max": 1}, "channels": {"channel": "c", "facet": "copy"}, "escalation": {"when": "copy = 1"},
    }  # fmt: skip
    found = threshold(group, **fields[group], selector={"node": "draft"}, cooldownMs=50.0)
    assert (found.id, found.cooldown_ms, found.from_threshold) == ("t", 50.0, True)
    assert found.selector is not None
    assert (found.selector.node, found.produced) == ("draft", None)
