"""Channel rules on text (semantics 5)."""

from typing import Any

import pytest

from flexes.envelope.paths import MISSING
from flexes.policy import evaluate
from flexes.policy.actions import Replan
from flexes.policy.context import ChannelTest, Directive, PolicyContext


def verdict(facets: dict[str, Any], **rules: Any) -> tuple[str, str]:
    """Return the outcome and the reason of these rules on these facets."""
    test = ChannelTest.model_validate({"channel": "web", "facet": "copy.text", **rules})
    directive = Directive(
        id="d", rank=0, policy_class="channel", from_threshold=True, hears="onNodeComplete", test=test, action=Replan()
    )
    found = evaluate.test_of(PolicyContext(), directive)(lambda name: facets.get(name, MISSING))
    return found.outcome, found.reason


CASES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"channel": "web", "copy": {"text": "abcdef"}}, {"maxLength": 5}, "matched"),
    ({"channel": "web", "copy": {"text": "abcde"}}, {"maxLength": 5}, "skipped"),
    ({"channel": "web", "copy": {"text": "\U0001f600" * 5}}, {"maxLength": 5}, "skipped"),
    ({"channel": "print", "copy": {"text": "abcdef"}}, {"maxLength": 5}, "skipped"),
    ({"channel": "print", "copy": {"text": "abcdef", "channel": "web"}}, {"maxLength": 5}, "matched"),
    ({"copy": {"text": "abcdef", "channel": "web"}}, {"maxLength": 5}, "matched"),
    ({"copy": {"text": "abcdef"}}, {"maxLength": 5}, "skipped"),
    ({"channel": "web", "copy": {"text": "die Straße"}}, {"forbid": ["STRASSE"]}, "matched"),
    ({"channel": "web", "copy": {"text": "buy #AD"}}, {"require": ["#ad"]}, "skipped"),
    ({"channel": "web", "copy": {"text": "buy"}}, {"require": ["#ad"]}, "matched"),
    ({"channel": "web", "copy": {}}, {"maxLength": 5}, "skipped"),
    ({"channel": "web"}, {"maxLength": 5}, "skipped"),
    ({"channel": "web", "copy": {"text": None}}, {"maxLength": 5}, "skipped"),
    ({"channel": "web", "copy": {"text": 5}}, {"maxLength": 5}, "invalid"),
    ({"channel": "web", "copy": "text"}, {"maxLength": 5}, "invalid"),
    ({"channel": "web", "copy": {"text": ["a"]}}, {"maxLength": 5}, "invalid"),
]


@pytest.mark.parametrize(("facets", "rules", "expected"), CASES)
def test_a_channel_rule(facets: dict[str, Any], rules: dict[str, Any], expected: str) -> None:
    """Longer in code points, a forbidden or a lacking phrase (case-folded) breach; missing text is skipped, other types
    invalid; only the channel of the inputs or of the facet counts.
    """
    assert verdict(facets, **rules)[0] == expected


def test_the_reason_names_the_rule() -> None:
    """The reason says which rule was broken and how."""
    assert "6 characters, at most 5" in verdict({"channel": "web", "copy": {"text": "abcdef"}}, maxLength=5)[1]
    assert "STRASSE" in verdict({"channel": "web", "copy": {"text": "Straße"}}, forbid=["STRASSE"])[1]
