"""A predicate as a closure over closures: no eval, no exec, and nothing that raises whatever the facets hold.

1. AND is false if any test is, else the worst of invalid, missing, true.
2. OR is true if any test is, else the worst of invalid, missing, false.
3. NOT swaps true and false only.

So the outcome never depends on the order of tests; the reason is that of the first invalid one. That is why several
bounds on one number are tested where the first of them stands, and NOT over a comparison is the opposite comparison.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeAlias, TypeGuard

from pydantic import JsonValue

from flexes.envelope.paths import MISSING
from flexes.predicate.ast import And, Compare, Not, Operator, Or, When
from flexes.predicate.compile_leaf import compile_bounds, compile_leaf
from flexes.predicate.fetch import Lookup
from flexes.predicate.leaves import is_number
from flexes.predicate.limits import DEFAULT_LIMITS, Limits
from flexes.predicate.verdict import FALSE, MATCHED, MISSED, Verdict

Compiled: TypeAlias = Callable[[Lookup], Verdict]

_OPPOSITES: Final[Mapping[Operator, Operator]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}


def compile_when(ast: When, limits: Limits = DEFAULT_LIMITS) -> Compiled:
    """Return the closure that evaluates the predicate.

    It asks its lookup for the JSON value of a facet, or of `$run`, `$node`, `$signal`; `MISSING` for none.
    """
    match ast:
        case And():
            return _all_of(tuple(_conjuncts(ast, limits)))
        case Or():
            return _any_of(tuple(compile_when(test, limits) for test in ast.tests))
        case Not(test=Compare() as test):
            return compile_leaf(test.model_copy(update={"op": _OPPOSITES[test.op]}), limits)
        case Not():
            return _not(compile_when(ast.test, limits))
        case _:
            return compile_leaf(ast, limits)


def evaluate(ast: When, facets: Mapping[str, JsonValue], limits: Limits = DEFAULT_LIMITS) -> Verdict:
    """Return the verdict on facets held in a mapping; recently used predicates stay compiled."""
    compiled = _compiled(ast, limits)  # pyright: ignore[reportArgumentType]  (frozen models are hashable)
    return compiled(lambda name: facets.get(name, MISSING))


@lru_cache(maxsize=1024)
def _compiled(ast: When, limits: Limits) -> Compiled:
    return compile_when(ast, limits)


def _conjuncts(ast: And, limits: Limits) -> Iterator[Compiled]:
    """Yield the tests of an AND; those that hold the same value against numbers are one."""
    for test in ast.tests:
        bounds = [one for one in ast.tests if _is_bound(one) and one.path == test.path] if _is_bound(test) else []
        if len(bounds) < 2:
            yield compile_when(test, limits)
        elif test is bounds[0]:
            yield compile_bounds(bounds, limits)


def _is_bound(test: When) -> TypeGuard[Compare]:
    return isinstance(test, Compare) and is_number(test.value)


def _all_of(tests: tuple[Compiled, ...]) -> Compiled:
    if len(tests) == 1:
        return tests[0]

    def test(lookup: Lookup) -> Verdict:
        worst = MATCHED
        for part in tests:
            verdict = part(lookup)
            if verdict is MATCHED:
                continue
            if verdict is FALSE:
                return FALSE
            if worst is MATCHED or worst is MISSED:
                worst = verdict
        return worst

    return test


def _any_of(tests: tuple[Compiled, ...]) -> Compiled:
    def test(lookup: Lookup) -> Verdict:
        worst = FALSE
        for part in tests:
            verdict = part(lookup)
            if verdict is MATCHED:
                return MATCHED
            if verdict is not FALSE and (worst is FALSE or worst is MISSED):
                worst = verdict
        return worst

    return test


def _not(part: Compiled) -> Compiled:
    def test(lookup: Lookup) -> Verdict:
        verdict = part(lookup)
        if verdict is MATCHED:
            return FALSE
        return MATCHED if verdict is FALSE else verdict

    return test
