"""What an author is shown of an evaluation."""

from typing import Any

import pytest

from flexes.envelope.paths import MISSING
from flexes.predicate.explain import LeafReport, explain
from flexes.predicate.parse import parse_when


def one(when: str, **facets: Any) -> LeafReport:
    """Return the report of a predicate with one leaf."""
    (report,) = explain(parse_when(when), lambda name: facets.get(name, MISSING))
    return report


def test_each_leaf_is_reported_with_its_letter() -> None:
    """Leaves come in the order in which they are written, also those that did not decide."""
    facets = {"a": 2, "b": "x"}
    reports = explain(parse_when("a > 1 || (b < 1 && !exists(c)) || a = 3"), lambda name: facets.get(name, MISSING))
    assert [(report.expression, report.letter, report.seen) for report in reports] == [
        ("a > 1", "T", "2"),
        ("b < 1", "E", '"x"'),
        ("exists(c)", "F", "missing"),
        ("a = 3", "F", "2"),
    ]
    assert reports[1].reason == "b: expected number, got string"


@pytest.mark.parametrize(
    ("when", "facets", "seen"),
    [
        ("a.b = 1", {"a": {"b": None}}, "null"),
        ("a.b = 1", {"a": 5}, "expected object at a, got number"),
        ("a = 1", {"a": float("nan")}, "NaN"),
        ("a = 1", {"a": 10**5000}, "an integer of 16610 bits"),
        ("a = 1", {"a": (1, 2)}, "tuple, which is not JSON"),
        ("nonEmpty(a)", {"a": list(range(9))}, "[0, 1, 2, 3, 4, ...]"),
        ("includes(a[*].x, 1)", {"a": [{"x": 1}, {}, {"x": "y"}]}, '[1, "y"]'),
        ("nonEmpty(a)", {"a": [[[[[]]]]]}, "[[[[...]]]]"),
    ],
)
def test_seen_values_are_short_text(when: str, facets: dict[str, Any], seen: str) -> None:
    """The value seen is shown as far as a line allows, or why there is none."""
    assert one(when, **facets).seen == seen


@pytest.mark.parametrize("key", ["token", "Secret", "PASSWORD", "apiKey"])
def test_secrets_are_redacted(key: str) -> None:
    """Values under secret keys are never shown, wherever the key stands."""
    facets = {"a": {key: "hunter2", "other": {key: ["hunter2"]}}, key: "hunter2"}
    seen = [one(when, **facets).seen for when in ("nonEmpty(a)", f'a.{key} = "x"', f'{key} = "x"', "exists(a.other)")]
    assert all("hunter2" not in text and "[redacted]" in text for text in seen)


def test_large_and_deep_values_are_not_read_to_the_end() -> None:
    """A facet of any size or depth is shown in at most 80 characters."""
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, "x" * 10_000_000, {"k" * 1_000_000: "v" * 1_000_000}, [["y" * 100] * 100] * 100):
        assert len(one("exists(a)", a=value).seen) <= 80
