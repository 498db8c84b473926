"""What an evaluation tells of a test that could not be made (semantics 5, 6)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.run import events as ev

RULES: dict[str, Any] = {"id": "web", "channel": "web", "facet": "copy.text.en", "maxLength": 3}


@pytest.mark.parametrize(
    ("text", "outcome", "reason"),
    [
        ({"en": "four"}, "matched", "4 characters, at most 3"),
        ({"en": "thr"}, "skipped", "false"),
        ({}, "skipped", "missing"),
        ({"en": 5}, "invalid", "copy.text.en: expected text, got int"),
        ("plain", "invalid", "copy.text.en: expected text, got a scalar on the way"),
    ],
)
def test_a_channel_rule_says_what_it_found(text: Any, outcome: str, reason: str) -> None:
    """A channel rule says how its text breaks it; missing text is skipped, text of another type is invalid."""
    run = Run(thresholds={"channels": [RULES]})
    events = run.end("a", outputs={"copy": {"channel": "web", "text": text}})
    [evaluated] = [event for event in events if isinstance(event, ev.SignalEvaluated)]
    assert evaluated.outcomes == (("web", outcome, reason),)
