"""Random predicates and facets that meet: few names, few values, every odd one among them."""

import os
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from tests.property.reference_predicate import STAR

EXAMPLES = int(os.environ.get("FLEXES_ORACLE_EXAMPLES", "8000"))
"""Predicate x facets pairs, at least; the gate takes the default, a long run more."""

_BIG = 2**53 - 1
_ROOTS = ("a", "b", "c", "odd root", "count")
_KEYS = ("x", "y", "and", 'odd "key"')
_NUMBERS = (0, 1, -1, 2, 0.5, 0.1, 1.5, -0.0, 1.0, _BIG, 1e16, float(2**53), 1e300, 5e-324)
_LITERALS = st.sampled_from((*_NUMBERS, "", "x", "1", "é\n", "\u2028", True, False, None))
_ODD: tuple[Any, ...] = (float("nan"), float("inf"), float("-inf"), 10**400, -(10**400), object(), b"x", (1,))
_SCALARS = st.sampled_from((*_NUMBERS, "", "x", "1", "é\n", True, False, None, 2**53, 2**53 + 1, *_ODD))
_AT_THE_END: tuple[Any, ...] = (
    *(0, 1, 0.5, -1, 2**53 - 1, "", "x", "1", True, False, None, {}, {"x": 1}, [], [0], [1, "x", None, True, 0.5]),
    *([[1], {}], [1] * 1000, [1] * 1001, *_ODD),
)
PAIRS_PER_TREE = len(_AT_THE_END)
_OPS = ("<", "<=", ">", ">=", "=", "!=", "==")


@st.composite
def _steps(draw: st.DrawFn, *, star: bool) -> list[Any]:
    keys = st.lists(st.sampled_from((*_KEYS, 0, 1, -1, "x", "x")), max_size=3)
    inner: list[Any] = draw(keys)
    if star and draw(st.booleans()):
        inner.insert(draw(st.integers(0, len(inner))), STAR)
    return [draw(st.sampled_from(_ROOTS)), *inner]


@st.composite
def _leaf(draw: st.DrawFn) -> tuple[Any, ...]:
    kind = draw(st.sampled_from(("cmp", "cmp", "cmp", "exists", "nonEmpty", "includes", "count")))
    steps = draw(_steps(star=kind in ("nonEmpty", "includes", "count")))
    if kind == "cmp":
        literal = draw(_LITERALS)
        ordered = isinstance(literal, int | float) and not isinstance(literal, bool)
        return kind, steps, draw(st.sampled_from(_OPS if ordered else _OPS[4:])), literal
    if kind == "includes":
        return kind, steps, draw(_LITERALS)
    if kind == "count":
        return kind, steps, draw(st.sampled_from(_OPS)), draw(st.integers(0, 3))
    return kind, steps


TREES: st.SearchStrategy[Any] = st.recursive(
    _leaf(),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(("and", "or")), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.just("not"), inner),
    ),
    max_leaves=6,
)

_JSON: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3), st.lists(inner, max_size=3)),
    max_leaves=4,
)
_HUGE = st.sampled_from(([1] * 1000, [1] * 1001, [{"x": 1}] * 1001, dict.fromkeys(map(str, range(1001)), 1)))


@st.composite
def facets_for(draw: st.DrawFn, tree: Any) -> dict[str, Any]:
    """Return facets that have something, mostly near the right thing, at most paths of the tree."""
    facets: dict[str, Any] = draw(st.dictionaries(st.sampled_from(_ROOTS), _JSON | _HUGE, max_size=2))
    for leaf in _leaves(tree):
        if draw(st.integers(0, 9)) < 9:
            facets[leaf[1][0]] = draw(_around(leaf[1][1:], _near(leaf)))
    return facets


def _near(leaf: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    kind, steps, *rest = leaf
    literals = rest[-1:]
    scalars = st.sampled_from((*literals, *literals, True, False, None, 0, 1, 0.5, "1", "x", *_ODD))
    if kind in ("cmp", "exists") or STAR in steps:
        return scalars | scalars | scalars | _JSON
    return st.lists(scalars, max_size=3) | st.lists(scalars, max_size=3) | _HUGE | _JSON


@st.composite
def _around(draw: st.DrawFn, steps: list[Any], inner: st.SearchStrategy[Any]) -> Any:
    if not steps:
        return draw(inner)
    if isinstance(steps[0], str):
        return {steps[0]: draw(_around(steps[1:], inner))}
    return draw(st.lists(_around(steps[1:], inner), max_size=3))


def neighbours(tree: Any, facets: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the facets with each odd value in turn at the end of each path; `PAIRS_PER_TREE` or more documents."""
    for leaf in _leaves(tree):
        root, *steps = leaf[1]
        for value in _AT_THE_END:
            yield {**facets, root: _placed(steps, value)}


def _placed(steps: list[Any], value: Any) -> Any:
    if not steps:
        return value
    inner = _placed(steps[1:], value)
    if isinstance(steps[0], str):
        return {steps[0]: inner}
    return [inner] if steps[0] in (0, -1) else [None, inner]


def _leaves(tree: Any) -> list[tuple[Any, ...]]:
    if tree[0] in ("and", "or"):
        return [found for part in tree[1] for found in _leaves(part)]
    return _leaves(tree[1]) if tree[0] == "not" else [tree]
