"""What `policy check` can say of a predicate without running it."""

import pytest

from flexes.predicate.analysis import always, example, never, never_false, unguarded_negations
from flexes.predicate.compile import evaluate
from flexes.predicate.parse import parse_when


@pytest.mark.parametrize(
    "when",
    [
        "a > 1 && a < 1",
        "a >= 1 && a < 1",
        "a > 0.1 && a < 0.10000000000000002",
        'a = 1 && a = "x"',
        "a && !a",
        "a = null && exists(a)",
        'nonEmpty(a) && a = ""',
        'includes(a, "x") && count(a) = 0',
        'includes(a, "x") && includes(a, "y") && count(a) < 2',
        "includes(a, 1) && count(a) > 1000",
        "count(a[*].x) > 1000",
        "!(exists(a) || !exists(a))",
        "(a = 1 || a = 2) && (a = 3 || a = 4)",
        "b = 1 && (a < 0 && a > 0 || a = true && a = false)",
    ],
)
def test_contradictions_never_match(when: str) -> None:
    """What one path cannot satisfy never matches, and has no example."""
    ast = parse_when(when)
    assert never(ast)
    assert not always(ast)
    assert example(ast) is None


@pytest.mark.parametrize(
    "when",
    [
        "a > 1 && b < 1",
        "a >= 1 && a <= 1",
        "a > 1e16 && a < 10000000000000002.0",
        'a != "x" && a != "y" && a != ""',
        'includes(recs[*].severity, "blocker") && count(recs) >= 3',
        "!exists(cost) || cost > 5",
        "attempts[-1].score < 0.5 && attempts[-1].cost > 2",
        "$run.replans > 3 && $signal.metrics.quality < 0.5",
        "count(a) = 3 && includes(a, 1) && includes(a, null)",
        "a.b.c = 1 && a.b.d = 2 && a.e",
        "!nonEmpty(a) && !(b = 1)",
        " && ".join(f"(a{n} = 1 || b{n} = 2)" for n in range(32)),
    ],
)
def test_satisfiable_predicates_have_an_example(when: str) -> None:
    """Facets are made up on which the predicate matches."""
    ast = parse_when(when)
    document = example(ast)
    assert document is not None
    assert evaluate(ast, document).outcome == "matched"
    assert not never(ast)


def test_only_what_holds_without_facets_always_matches() -> None:
    """`always` is strict, a missing facet is enough to say no; `never_false` asks about facets that fit."""
    assert always(parse_when("exists(a) || !exists(a)"))
    assert always(parse_when("b > 1 || exists(a) || !exists(a)"))
    covering = parse_when("a >= 0 || a < 0")
    assert not always(covering)
    assert never_false(covering)
    assert not never_false(parse_when("a > 0 || a < 0"))


def test_hard_questions_are_left_open() -> None:
    """A search that would be too long, or lists too large to build, end with no claim and no example."""
    knot = "(a{0} = {2} || a{1} = {2} || a{3} < {2})"
    hard = parse_when(" && ".join(knot.format(n % 8, (n + 1) % 8, n, (n + 3) % 8) for n in range(21)))
    assert not always(hard)
    huge = parse_when("count(a) > 5000 && count(a) < 5000")
    assert not never(huge)
    assert example(huge) is None
    assert example(parse_when("a[999999999] = 1")) is None


@pytest.mark.parametrize(
    ("when", "paths"),
    [
        ('status != "ok"', ("status",)),
        ('status != "ok" && exists(status)', ()),
        ("!(a.b > 1 || c = 2)", ("a.b", "c")),
        ("!(a > 1) && exists(a.b)", ()),
        ("!exists(a)", ()),
        ("x != null", ()),
        ("!includes(recs[*].x, 1)", ("recs[*].x",)),
        ("!includes(recs[*].x, 1) && exists(recs)", ()),
        ("!($run.replans > 1)", ()),
        ("a > 1", ()),
    ],
)
def test_unguarded_negations_are_named(when: str, paths: tuple[str, ...]) -> None:
    """`!=` and `not` on a path are named unless `exists` is asked of it somewhere in the predicate."""
    assert unguarded_negations(parse_when(when)) == paths
