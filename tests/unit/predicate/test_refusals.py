"""What a malformed `when` is told: code, place, remedy."""

from typing import Any

import pytest

from flexes.errors import PredicateError
from flexes.predicate.limits import Limits
from flexes.predicate.parse import parse_when


def refused(when: Any, limits: Limits | None = None) -> PredicateError:
    """Return the refusal of a `when`."""
    with pytest.raises(PredicateError) as caught:
        parse_when(when, limits or Limits())
    return caught.value


def nested(times: int, inner: Any, key: str = "not") -> Any:
    """Return a predicate under so many `not`, or single-element lists of another key."""
    for _ in range(times):
        inner = {key: inner if key == "not" else [inner]}
    return inner


JSON: list[tuple[Any, str, str]] = [
    ({}, "bad_shape", ""),
    (5, "bad_shape", ""),
    (None, "bad_shape", ""),
    (True, "bad_shape", ""),
    ([], "bad_shape", ""),
    ({"and": []}, "bad_shape", "/and"),
    ({"and": {"a": 1}}, "bad_shape", "/and"),
    ({"and": [{"a": 1}, {}]}, "bad_shape", "/and/1"),
    ({"or": [{"a": 1}, {"and": [{"x/y~": 1}]}]}, "bad_path", "/or/1/and/0/x~1y~0"),
    ({"not": []}, "bad_shape", "/not"),
    ({"qa.score": {}}, "bad_shape", "/qa.score"),
    ({"tags": ["a"]}, "bad_shape", "/tags"),
    ({"AND": [{"a": 1}]}, "bad_shape", "/AND"),
    ({"$exists": "a"}, "bad_shape", "/$exists"),
    ({"$includes": ["a"]}, "bad_shape", "/$includes"),
    ({"$nonEmpty": 5}, "bad_shape", "/$nonEmpty"),
    ({1: 2}, "bad_shape", "/1"),
    ({"qa.score": {"<": "0.7"}}, "bad_literal", "/qa.score/<"),
    ({"qa.score": {"<": True}}, "bad_literal", "/qa.score/<"),
    ({"qa.score": {"<": None}}, "bad_literal", "/qa.score/<"),
    ({"qa.score": {"=": {"a": 1}}}, "bad_literal", "/qa.score/="),
    ({"qa.score": float("nan")}, "bad_literal", "/qa.score"),
    ({"n": 2**53}, "bad_literal", "/n"),
    ({"n": 10**5000}, "bad_literal", "/n"),
    ({"s": "\ud800"}, "bad_literal", "/s"),
    ({"a": {"$exists": 1}}, "bad_literal", "/a/$exists"),
    ({"a": {"$count": -1}}, "bad_literal", "/a/$count"),
    ({"a": {"$count": {">=": 1.5}}}, "bad_literal", "/a/$count/>="),
    ({"a": {"$count": {}}}, "bad_shape", "/a/$count"),
    ({"a": b"x"}, "bad_literal", "/a"),
    ({"qa.score": {"<<": 1}}, "unknown_operator", "/qa.score/<<"),
    ({"qa": {"score": {"<": 1}}}, "unknown_operator", "/qa/score"),
    ({"a": {"$count": {"$gte": 1}}}, "unknown_operator", "/a/$count/$gte"),
    ({"$and": [{"a": 1}]}, "unknown_operator", "/$and"),
    ({"$now": 1}, "reserved", "/$now"),
    ({"$run.cost": 1}, "reserved", "/$run.cost"),
    ({"$run": 1}, "reserved", "/$run"),
    ({'["$run"].x': 1}, "reserved", '/["$run"].x'),
    ({"$signal.metrics": {"$exists": True}}, "reserved", "/$signal.metrics"),
    ({"qa..score": 1}, "bad_path", "/qa..score"),
    ({"": 1}, "bad_path", "/"),
    ({"a b": 1}, "bad_path", "/a b"),
    ({"a[*].b": 1}, "bad_path", "/a[*].b"),
    ({"a[*][*]": {"$includes": 1}}, "bad_path", "/a[*][*]"),
    ({"a[*].b": {"$exists": True}}, "bad_path", "/a[*].b/$exists"),
    ({"<": [{"var": "a"}, 1]}, "json_logic", "/<"),
    ({"and": [{"<": [{"var": "a"}, 1]}]}, "json_logic", "/and/0/<"),
    ({"!": {"var": "a"}}, "json_logic", "/!"),
    ({"var": "a"}, "json_logic", "/var"),
    ({"in": ["a", {"var": "tags"}]}, "json_logic", "/in"),
    ({"and": [{"a": 1}, "b <"]}, "syntax", "/and/1"),
    ({"a" * 257: 1}, "limit_path", f"/{'a' * 257}"),
    ({".".join("a" * 17): 1}, "limit_path", f"/{'.'.join('a' * 17)}"),
    ({"a": "x" * 257}, "limit_literal", "/a"),
    ({"or": [{f"f{n}": n} for n in range(65)]}, "limit_leaves", ""),
    (nested(13, {"a": 1}), "limit_depth", "/not" * 13),
    (nested(13, {"a": 1}, "and"), "limit_depth", "/and/0" * 13),
    (nested(12, {"a": 1, "b": 1}), "limit_depth", ""),
]

TEXT: list[tuple[str, str, int]] = [
    ("", "syntax", 1),
    ("qa.score < ", "syntax", 12),
    ("a && ", "syntax", 6),
    ("a b", "syntax", 3),
    ("a & b", "syntax", 3),
    ("(a", "syntax", 3),
    ("a)", "syntax", 2),
    ("0.7 > a", "syntax", 1),
    ("true", "syntax", 1),
    ("a && and", "syntax", 6),
    ("count(a)", "syntax", 9),
    ("exists(a", "syntax", 9),
    ("includes(a)", "syntax", 11),
    ("a = 'x'", "syntax", 5),
    ("a = .5", "syntax", 5),
    ("a < 01", "syntax", 5),
    ('status > "a"', "bad_literal", 10),
    ("a = ok", "bad_literal", 5),
    ('a = "x', "bad_literal", 5),
    ('a = "\\ud800"', "bad_literal", 5),
    ("a < 1e999", "bad_literal", 5),
    ("a < 9007199254740992", "bad_literal", 5),
    ("a < " + "1" * 5000, "bad_literal", 5),
    ("count(a) > 1.5", "bad_literal", 12),
    ("qa..score", "bad_path", 4),
    ("a[x] < 1", "bad_path", 2),
    ("b && recs[*].score < 1", "bad_path", 6),
    ("exists(a[*])", "bad_path", 1),
    ("a =< 1", "unknown_operator", 3),
    ("a === 1", "unknown_operator", 3),
    ("nonempty(a)", "unknown_operator", 1),
    ("b && len(a) > 1", "unknown_operator", 6),
    ("$now < 1", "reserved", 1),
    ("b && $node.mood = 1", "reserved", 6),
    ("!" * 13 + "a", "limit_depth", 14),
    ("(" * 13 + "a" + ")" * 13, "limit_depth", 14),
    ("a && " * 64 + "a", "limit_leaves", 0),
    ("a = " + '"' + "x" * 257 + '"', "limit_literal", 5),
    ("a" * 257, "limit_path", 1),
    ("a" * 8193, "limit_source", 0),
    ("(" * 100_000, "limit_source", 0),
]


@pytest.mark.parametrize(("when", "code", "pointer"), JSON)
def test_json_is_refused_with_code_and_pointer(when: Any, code: str, pointer: str) -> None:
    """A malformed object is refused with a stable code and the JSON pointer of the fault."""
    error = refused(when)
    assert (error.problem.code, error.problem.pointer) == (code, pointer)
    assert error.problem.message


@pytest.mark.parametrize(("when", "code", "column"), TEXT)
def test_text_is_refused_with_code_and_column(when: str, code: str, column: int) -> None:
    """A malformed text is refused with a stable code and the column of the fault; 0 is the whole text."""
    error = refused(when)
    assert (error.problem.code, error.column or 0) == (code, column)


@pytest.mark.parametrize(
    ("when", "remedy"),
    [
        ({"qa.score": {"<<": 1}}, "did you mean <?"),
        ({"a": {"$gte": 1}}, "did you mean >=?"),
        ({"a": {"$exist": True}}, "did you mean $exists?"),
        ({"a": {"$contains": "x"}}, "did you mean $includes?"),
        ({"$or": [{"a": 1}]}, "did you mean or?"),
        ({"$nonempty": "a"}, "did you mean $nonEmpty?"),
        ({"OR": [{"a": 1}]}, "did you mean or?"),
        ("a <> 1", "did you mean !=?"),
        ("size(a) > 1", "did you mean count?"),
        ({"<": [{"var": "qa.score"}, 0.7]}, "write qa.score < 0.7"),
        ({"and": [{">": [3, {"var": "a"}]}, {"b": 1}]}, "write a < 3"),
        ({"in": ["urgent", {"var": "tags"}]}, 'write includes(tags, "urgent")'),
        ({"!!": [{"var": "a"}]}, "write exists(a)"),
        ({"qa": {"score": {"<": 1}}}, "such as qa.key"),
        ("a = ok", '"ok"'),
        ("$run.cost > 1", "costTotal"),
        ("$now > 1", "$run, $node, $signal"),
    ],
)
def test_refusals_say_what_to_write(when: Any, remedy: str) -> None:
    """An unknown operator gets a suggestion, JSON-Logic its rewrite, a reserved name what there is."""
    assert remedy in refused(when).problem.message


@pytest.mark.parametrize("key", ["and", "not", "a", "$includes", "<"])
def test_bottomless_input_is_refused_without_recursion(key: str) -> None:
    """A `when` of 100,000 levels is a `limit_depth` or `limit_source`, never a RecursionError."""
    deep: Any = {"a": 1}
    for _ in range(100_000):
        deep = {key: [deep]}
    assert refused(deep).problem.code in ("limit_depth", "limit_source")


@pytest.mark.parametrize(
    "huge",
    [
        "a" * 10_000_000,
        {"a": "x" * 10_000_000},
        {"x" * 10_000_000: 1},
        {"and": [{"a": 1}] * 1_000_000},
        dict.fromkeys(map(str, range(100_000)), 1),
        {"a": 1 << 10_000_000},
    ],
)
def test_huge_input_is_refused_without_reading_it(huge: Any) -> None:
    """A `when` of megabytes is a `limit_source` before anything of it is parsed or printed."""
    error = refused(huge)
    assert error.problem.code == "limit_source"
    assert len(str(error)) < 500


def test_a_cycle_is_refused() -> None:
    """A Python object that contains itself cannot hang the walk."""
    cycle: dict[str, Any] = {}
    cycle["not"] = cycle
    assert refused(cycle).problem.code in ("limit_depth", "limit_source")


def test_what_is_just_within_the_limits_is_accepted() -> None:
    """Depth 12, 64 leaves, 256 characters of literal and path, 16 segments, 8,192 of source are allowed."""
    parse_when(nested(12, {"a": 1}))
    parse_when("!" * 12 + "a")
    parse_when("(" * 12 + "a" + ")" * 12)
    parse_when({"or": [{f"f{n}": n} for n in range(64)]})
    parse_when({"a" * 256: "x" * 256, ".".join("b" * 16): "é" * 256})
    parse_when("a < 1".ljust(8192))


def test_limits_are_an_argument() -> None:
    """The limits come from the policy context, not from the module."""
    assert refused("a && b", Limits(max_leaves=1)).problem.code == "limit_leaves"
    assert refused("!!a", Limits(max_depth=1)).problem.code == "limit_depth"
    assert refused("a.b.c", Limits(max_segments=2)).problem.code == "limit_path"
    parse_when(nested(20, {"a": 1}), Limits(max_depth=20))
