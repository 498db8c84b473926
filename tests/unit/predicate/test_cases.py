"""The case table of predicates.md, as data."""

from typing import Any

import pytest

from flexes.predicate.compile import evaluate
from flexes.predicate.parse import parse_when

NAN = float("nan")
ABSENT = object()


def facets(path: str, value: Any) -> dict[str, Any]:
    """Return facets with one value at a dotted path; no facets at all for ABSENT."""
    if value is ABSENT:
        return {}
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


ONE_PATH: list[tuple[Any, str, list[tuple[Any, str]]]] = [
    (
        "qa.score < 0.7",
        "qa.score",
        [
            (0.6, "m"),
            (0.7, "s"),
            (ABSENT, "s(missing)"),
            (None, "s(missing)"),
            ("0.5", "i"),
            (False, "i"),
            ([], "i"),
            (NAN, "i"),
            (float("-inf"), "i"),
            (10**400, "s"),
            (-(10**400), "m"),
        ],
    ),
    ("qa.score < 0.7", "qa", [(5, "i"), (None, "s(missing)"), ([], "i"), ({}, "s(missing)")]),
    ({"qa.score": {">=": 0.6, "<": 0.9}}, "qa.score", [(0.6, "m"), (0.9, "s")]),
    ({"n": 1}, "n", [(1.0, "m"), (1, "m"), (True, "i"), ("1", "i")]),
    (
        'status != "ok"',
        "status",
        [("bad", "m"), ("ok", "s"), (ABSENT, "s(missing)"), (None, "s(missing)"), (3, "i")],
    ),
    ("x = null", "x", [(None, "m"), (0, "s"), ("", "s"), (ABSENT, "s(missing)"), ([], "i"), (NAN, "i")]),
    ("x != null", "x", [(None, "s"), (0, "m"), (ABSENT, "s(missing)"), ({}, "i")]),
    ({"x": None}, "x", [(None, "m"), (False, "s")]),
    ({"qa.approved": True}, "qa.approved", [(True, "m"), (False, "s"), (1, "i"), ("true", "i")]),
    ("n = 0", "n", [(-0.0, "m"), (0, "m"), (False, "i")]),
    ("n = 9007199254740992.0", "n", [(2**53, "m"), (2**53 + 1, "s")]),
    (
        {"not": {"qa.score": {">=": 0.7}}},
        "qa.score",
        [(0.5, "m"), (0.7, "s"), (ABSENT, "s(missing)"), ("x", "i")],
    ),
    (
        "nonEmpty(recs)",
        "recs",
        [([0], "m"), ([], "s"), ({}, "s"), ("", "s"), ("a", "m"), (3, "i"), (ABSENT, "s(missing)")],
    ),
    ("nonEmpty(recs)", "recs", [([0] * 5000, "m")]),
    (
        {"tags": {"$includes": "urgent"}},
        "tags",
        [(["a", "urgent"], "m"), ([1, None], "s"), ("urgent!", "i"), ({}, "i")],
    ),
    (
        "includes(tags, 1)",
        "tags",
        [([1.0], "m"), ([True], "s"), (["1"], "s"), ([NAN], "s"), ([1] * 1001, "i"), ([0] * 999 + [1], "m")],
    ),
    ("includes(tags, null)", "tags", [([None], "m"), ([0], "s")]),
    (
        'includes(recs[*].severity, "blocker")',
        "recs",
        [
            ([{}, {"severity": "blocker"}], "m"),
            ([{}, {"severity": None}, None], "s"),
            ([], "s"),
            ({}, "i"),
            ([1], "i"),
            ([{"severity": "blocker"}, 1], "i"),
            ([{}] * 1001, "i"),
            (None, "s(missing)"),
        ],
    ),
    ("count(recs[*].x) = 2", "recs", [([{"x": 1}, {"x": []}, {}], "m"), ([{"x": 1}], "s"), (["s"], "i")]),
    ("nonEmpty(recs[*].x)", "recs", [([{"x": 1}], "m"), ([{}], "s"), ([], "s")]),
    (
        {"recs": {"$count": {">=": 3}}},
        "recs",
        [([1, 2, 3], "m"), ({"a": 1}, "s"), ("abc", "i"), ([1] * 9000, "m")],
    ),
    ({"recs": {"$count": 1}}, "recs", [([1], "m"), ([], "s")]),
    (
        "attempts[-1].score < 0.5",
        "attempts",
        [([{"score": 0.9}, {"score": 0.4}], "m"), ([{"score": 0.4}], "m"), ([], "s(missing)"), ({}, "i")],
    ),
    ("attempts[1] = 1", "attempts", [([0, 1], "m"), ([0], "s(missing)"), ("01", "i")]),
    ("!exists(cost) || cost > 5", "cost", [(ABSENT, "m"), (6, "m"), (4, "s"), (None, "m")]),
    ("exists(a.b)", "a", [({"b": 0}, "m"), ({"b": None}, "s"), (5, "s"), (ABSENT, "s")]),
    (
        "n >= 1 && n < 9 && n != 5",
        "n",
        [(1, "m"), (8.5, "m"), (0, "s"), (9, "s"), (5.0, "s"), (10**400, "s"), (True, "i"), ("5", "i"), (NAN, "i")],
    ),
    ("n >= 1 && n < 9", "n", [(ABSENT, "s(missing)"), (None, "s(missing)")]),
    ("n > 1 && n = true", "n", [(2, "i"), (True, "i"), (0, "s")]),
    ("!(n >= 1) && !(n < 0)", "n", [(0.5, "m"), (1, "s"), (-1, "s"), ("0", "i"), (ABSENT, "s(missing)")]),
    ("!(x = null)", "x", [(None, "s"), (0, "m"), ([], "i")]),
    ("x = 1", "x", [(object(), "i"), (b"1", "i"), ((1,), "i"), ({1}, "i")]),
]

SEVERAL: list[tuple[Any, dict[str, Any], str]] = [
    ("a > 1 && b", {"a": 2, "b": False}, "s"),
    ("a > 1 && b", {"a": "x", "b": False}, "s"),
    ("a > 1 && b", {"b": False}, "s"),
    ("a > 1 && b", {"a": 2}, "s(missing)"),
    ("a > 1 && b", {"a": "x", "b": True}, "i"),
    ("a > 1 && b", {"a": "x"}, "i"),
    ("b && a > 1", {"a": "x"}, "i"),
    ("a > 1 || b", {"a": "x", "b": True}, "m"),
    ("a > 1 || b", {"b": True}, "m"),
    ("a > 1 || b", {"a": "x", "b": False}, "i"),
    ("a > 1 || b", {"a": "x"}, "i"),
    ("a > 1 || b", {"b": False}, "s(missing)"),
    ("b || a > 1", {"a": "x"}, "i"),
    ("a > 1 || b and c", {"a": 0, "b": True, "c": True}, "m"),
    (
        "$run.replans >= 2 && $signal.metrics.quality < 0.5",
        {"$run": {"replans": 2}, "$signal": {"metrics": {}}},
        "s(missing)",
    ),
    ({"$nonEmpty": "recs", "$includes": ["tags", "x"]}, {"recs": [1], "tags": ["x"]}, "m"),
    ({"and": ["a < 1", {"or": [{"b": 1}, "c"]}]}, {"a": 0, "b": 0, "c": True}, "m"),
    ('["odd key"]["a.b"][0] = 1', {"odd key": {"a.b": [1]}}, "m"),
]


def outcome(when: Any, document: dict[str, Any]) -> str:
    """Return the verdict in the table's notation."""
    verdict = evaluate(parse_when(when), document)
    if verdict.outcome == "skipped":
        return "s(missing)" if verdict.reason == "missing" else "s"
    return verdict.outcome[0]


@pytest.mark.parametrize(
    ("when", "document", "expected"),
    [(when, facets(path, value), expected) for when, path, cases in ONE_PATH for value, expected in cases] + SEVERAL,
)
def test_the_table_of_cases(when: Any, document: dict[str, Any], expected: str) -> None:
    """Each case of predicates.md, and the corners beside it, has the outcome that the table gives."""
    assert outcome(when, document) == expected


@pytest.mark.parametrize(
    ("when", "document", "reason"),
    [
        ("qa.score < 1", {"qa": {"score": "x"}}, "qa.score: expected number, got string"),
        ("qa.score < 1", {"qa": {"score": True}}, "qa.score: expected number, got boolean"),
        ("qa.score < 1", {"qa": {"score": NAN}}, "qa.score: expected number, got NaN"),
        ("qa.score < 1", {"qa": 5}, "qa.score: expected object at qa, got number"),
        ("qa[0].x < 1", {"qa": {}}, "qa[0].x: expected list at qa, got object"),
        ("includes(t, 1)", {"t": [0] * 1001}, "t: limit_scan: 1001 elements, at most 1000"),
        ("includes(t[*].x, 1)", {"t": [3]}, "t[*].x: expected object at t[*], got number"),
        ("a && b < 1", {"a": 1, "b": "x"}, "a: expected boolean, got number"),
        ("a > 1 && b && a < 5", {"a": "x", "b": 1}, "a: expected number, got string"),
        ("b && a > 1 && c && a < 5", {"a": "x", "b": 1, "c": True}, "b: expected boolean, got number"),
        ("c && a > 1 && b && a < 5", {"a": "x", "b": 1, "c": True}, "a: expected number, got string"),
        ("!a", {"a": 1}, "a: expected boolean, got number"),
        ("a", {"a": False}, "false"),
        ("a", {}, "missing"),
        ("a", {"a": True}, ""),
    ],
)
def test_reasons_name_path_and_types(when: str, document: dict[str, Any], reason: str) -> None:
    """The reason of an invalid outcome says where, what was expected and what was there; never the value."""
    assert evaluate(parse_when(when), document).reason == reason


def test_equal_looking_literals_are_told_apart() -> None:
    """`x = true` and `x = 1` are different predicates, also for the cache of compiled ones."""
    truth, one = parse_when("x = true"), parse_when("x = 1")
    assert truth != one
    assert evaluate(truth, {"x": True}).outcome == "matched"
    assert evaluate(one, {"x": True}).outcome == "invalid"
    assert parse_when("includes(x, 1)") != parse_when("includes(x, true)")
