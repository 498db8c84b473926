"""What each threshold compiles to (semantics 5)."""

from typing import Any

import pytest
from tests.unit.policy.policy_cases import context_of, threshold

from flexes.policy.actions import Goto, Hitl, Replan
from flexes.policy.context import ChannelTest


def test_quality() -> None:
    """Quality below min asks for a rewrite of the target; unresolved it asks a human."""
    found = threshold("quality", metric="qa.score", min=0.8, target="draft", maxRewrites=1)
    assert isinstance(found.action, Replan)
    assert (found.action.intent, found.action.target) == ("rewrite", "draft")
    assert (found.policy_class, found.hears, found.on_unresolved, found.max_rewrites) == (
        "quality",
        "onNodeComplete",
        "hitl",
        1,
    )
    assert found.expression == "qa.score < 0.8"


@pytest.mark.parametrize(
    ("caps", "expression"),
    [
        ({"capTotal": 5.0}, "$run.costProjected > 5"),
        ({"capPerNode": 1.0}, "$node.cost > 1"),
        ({"capTotal": 5.0, "capPerNode": 1.0}, "$run.costProjected > 5 || $node.cost > 1"),
    ],
)
def test_cost(caps: dict[str, float], expression: str) -> None:
    """Cost above a cap asks for cheaper fallbacks at every outcome; unresolved it fails the run."""
    found = threshold("cost", **caps)
    assert isinstance(found.action, Replan)
    assert found.action.intent == "fallback"
    assert (found.policy_class, found.hears, found.on_unresolved) == ("cost", "onNodeOutcome", "fail")
    assert found.produced is None
    assert found.expression == expression


def test_latency() -> None:
    """A node that took too long asks for a faster capability; unresolved the run goes on."""
    found = threshold("latency", maxMs=2000.0)
    assert isinstance(found.action, Replan)
    assert found.action.intent == "swap"
    assert (found.policy_class, found.hears, found.on_unresolved) == ("latency", "onNodeOutcome", "continue")


def test_retries() -> None:
    """A retryable failure is a goto to itself, counted for each node, after its backoff."""
    found = threshold("retries", max=2, backoff={"initialMs": 50.0})
    assert isinstance(found.action, Goto)
    assert (found.action.next, found.action.max_attempts) == (None, 2)
    assert found.action.backoff is not None
    assert found.action.backoff.initial_ms == 50.0
    assert (found.policy_class, found.hears, found.attempts_per_node) == ("retry", "onNodeFail", True)


def test_channels() -> None:
    """A channel's rules ask for a rewrite of what broke them; unresolved a human is asked."""
    found = threshold("channels", channel="web", facet="copy.text", maxLength=10, forbid=["x"], require=["#ad"])
    assert isinstance(found.action, Replan)
    assert isinstance(found.test, ChannelTest)
    assert (found.action.intent, found.action.target) == ("rewrite", None)
    assert (found.policy_class, found.produced, found.on_unresolved) == ("channel", ("copy",), "hitl")


def test_escalation() -> None:
    """An escalation asks a human when its `when` matches, at the nodes that produce what it reads."""
    found = threshold("escalation", when="copy.risk > 0.5", rationale="legal review")
    assert isinstance(found.action, Hitl)
    assert found.action.rationale == "legal review"
    assert (found.policy_class, found.produced, found.authored_when) == ("custom", ("copy",), True)
    everywhere = threshold("escalation", when="$run.costTotal > 1")
    assert everywhere.produced is None


@pytest.mark.parametrize("answer", ["fail", "hitl", "continue"])
@pytest.mark.parametrize(
    ("group", "fields"),
    [("quality", {"metric": "q", "min": 0.5}), ("cost", {"capTotal": 1.0}), ("latency", {"maxMs": 1.0})],
)
def test_on_unresolved_is_the_authors(group: str, fields: dict[str, Any], answer: str) -> None:
    """An authored onUnresolved wins over the default."""
    assert threshold(group, **fields, onUnresolved=answer).on_unresolved == answer


def test_a_selector_replaces_the_producer_rule() -> None:
    """With a selector a threshold looks at what it selects, whoever produced the metric; an empty one is none."""
    selected = threshold("quality", metric="q", min=0.5, selector={"kind": "validation"})
    assert selected.produced is None
    assert threshold("quality", metric="q", min=0.5, selector={"node": ""}).produced == ("q", "q")


def test_disabled_thresholds_are_gone() -> None:
    """A threshold that is not enabled compiles to nothing."""
    assert context_of(thresholds={"latency": [{"id": "t", "maxMs": 1.0, "enabled": False}]}).directives == ()
