"""What the normalizer adds to a directive: order, what it can match and read, warnings (story 8.9 AC1)."""

from typing import Any

import pytest
from tests.unit.policy.policy_cases import context_of, directive_of, runtime

EMIT: dict[str, Any] = {"type": "emit", "event": "e"}


@pytest.mark.parametrize(
    ("selector", "capabilities"),
    [
        (None, None),
        ({}, None),
        ({"node": ""}, None),
        ({"capability": "judge"}, ("judge",)),
        ({"tags": ["llm"]}, ("write",)),
        ({"capability": "judge", "tags": ["llm"]}, ()),
        ({"node": "draft"}, ("write", "judge")),
    ],
)
def test_what_a_selector_can_match(selector: dict[str, Any] | None, capabilities: tuple[str, ...] | None) -> None:
    """A directive is stored with the capabilities whose nodes it can match; one that selects nothing with none."""
    found = directive_of(**runtime(trigger={"selector": selector}))
    assert found.can_match == capabilities
    assert (found.selector is None) is (capabilities is None)


def test_a_metric_stands_before_the_authored_test() -> None:
    """A metric trigger and a `when` are one test, the metric first; both are shown, and what they read is known."""
    trigger = {"kind": "onMetricBelow", "metric": "qa.score", "threshold": 0.5}
    found = directive_of(**runtime(trigger=trigger, when="copy.risk > 1"))
    assert found.expression == "qa.score < 0.5 && copy.risk > 1"
    assert found.reads == ("qa", "copy")
    assert found.authored_when
    above = directive_of(**runtime(trigger={**trigger, "kind": "onMetricAbove"}))
    assert (above.expression, above.reads, above.authored_when) == ("qa.score > 0.5", ("qa",), False)


def test_ranks_are_places_in_the_order() -> None:
    """Ranks count from 0 in the total order, thresholds before directives of the same severity and class."""
    directives = [{"id": "e", "action": EMIT}, {"id": "f", "action": {"type": "fail"}}, {"id": "r", "action": EMIT}]
    found = context_of(runtime=directives, thresholds={"latency": [{"id": "slow", "maxMs": 1.0}]}).directives
    assert [(directive.id, directive.rank) for directive in found] == [("f", 0), ("slow", 1), ("e", 2), ("r", 3)]


def test_what_the_catalog_lacks_is_a_warning() -> None:
    """A test that reads a facet that nothing produces is stored with a warning that names it; another is not."""
    lacking = context_of(**runtime(when="nobody.writes = 1"))
    assert [(found.code, "nobody" in found.message) for found in lacking.warnings] == [("unknown_facet", True)]
    assert context_of(**runtime(when="copy = 1")).warnings == ()
