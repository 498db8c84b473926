"""The tests at the leaves of a predicate.

| leaf | takes | else |
|---|---|---|
| `< <= > >=` | a finite number, integer or float, compared exactly; a boolean is none | invalid |
| `= !=` with a literal | a value of the literal's type | invalid |
| `= !=` with null | null, boolean, finite number, string | invalid |
| `exists` | anything; crossing a scalar is false | |
| `nonEmpty` | list, object, string | invalid |
| `count` | list, object | invalid |
| `includes` | list; its elements are compared with the literal's own type only | invalid |

Missing and null are missing for all but `exists` and comparison with null.
"""

from collections.abc import Callable, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, TypeAlias, assert_never

from flexes.envelope.paths import MISSING, Crossing, Path, kind_of
from flexes.predicate.ast import Compare, Count, Exists, Includes, Leaf, NonEmpty, Scalar, stored_path
from flexes.predicate.fetch import Fetch, Lookup, TooLong, fetch_of
from flexes.predicate.limits import Limits
from flexes.predicate.verdict import FALSE, MATCHED, MISSED, Verdict

Test: TypeAlias = Callable[[Lookup], Verdict]
Relation: TypeAlias = Callable[[Any, Any], bool]
Unfit: TypeAlias = Callable[[object], Verdict]

_RELATIONS: Final[dict[str, Relation]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "!=": ne}
_INFINITY: Final = float("inf")
_NUMBER: Final = "number"


def compile_leaf(leaf: Leaf, limits: Limits) -> Test:
    """Return the closure of one leaf."""
    path = stored_path(leaf.path)
    fetch = fetch_of(path, limits.max_scan)
    match leaf:
        case Compare():
            return _compare(fetch, path, _RELATIONS[leaf.op], leaf.value)
        case Exists():
            return _exists(fetch)
        case NonEmpty():
            return _sized(fetch, frozenset((list, dict, str)), gt, 0, _unfit(path, "list, object or string"))
        case Count():
            sized = frozenset((list, dict))
            return _sized(fetch, sized, _RELATIONS[leaf.op], leaf.value, _unfit(path, "list or object"))
        case Includes():
            return _includes(fetch, leaf.value, limits.max_scan, _unfit(path, "list"))
        case _:
            assert_never(leaf)


def compile_bounds(bounds: Sequence[Compare], limits: Limits) -> Test:
    """Return the closure of comparisons of one path with numbers, all of which must hold."""
    path = stored_path(bounds[0].path)
    fetch, unfit = fetch_of(path, limits.max_scan), _unfit(path, _NUMBER)
    relations = tuple((_RELATIONS[bound.op], bound.value) for bound in bounds)

    def test(lookup: Lookup) -> Verdict:
        value = fetch(lookup)
        kind = type(value)
        if kind is int or (kind is float and value - value == 0.0):  # type: ignore[operator]
            for relation, literal in relations:
                if not relation(value, literal):
                    return FALSE
            return MATCHED
        return unfit(value)

    return test


def _compare(fetch: Fetch, path: Path, relation: Relation, literal: Scalar) -> Test:
    if literal is None:
        return _null(fetch, relation is eq, _unfit(path, "null or a scalar"))
    if isinstance(literal, bool):
        return _typed(fetch, bool, relation, literal, _unfit(path, "boolean"))
    if isinstance(literal, str):
        return _typed(fetch, str, relation, literal, _unfit(path, "string"))
    return _number(fetch, relation, literal, _unfit(path, _NUMBER))


def _number(fetch: Fetch, relation: Relation, literal: float, unfit: Unfit) -> Test:
    def test(lookup: Lookup) -> Verdict:
        value = fetch(lookup)
        kind = type(value)
        if kind is int or (kind is float and value - value == 0.0):  # type: ignore[operator]
            return MATCHED if relation(value, literal) else FALSE
        return unfit(value)

    return test


def _typed(fetch: Fetch, kind: type, relation: Relation, literal: str | bool, unfit: Unfit) -> Test:
    def test(lookup: Lookup) -> Verdict:
        value = fetch(lookup)
        if type(value) is kind:
            return MATCHED if relation(value, literal) else FALSE
        return unfit(value)

    return test


def _null(fetch: Fetch, wanted: bool, unfit: Unfit) -> Test:
    if_null, if_scalar = (MATCHED, FALSE) if wanted else (FALSE, MATCHED)

    def test(lookup: Lookup) -> Verdict:
        value = fetch(lookup)
        kind = type(value)
        if value is None:
            return if_null
        if kind in (str, bool, int) or (kind is float and -_INFINITY < value < _INFINITY):  # type: ignore[operator]
            return if_scalar
        return unfit(value)

    return test


def _exists(fetch: Fetch) -> Test:
    def test(lookup: Lookup) -> Verdict:
        value = fetch(lookup)
        return FALSE if value is None or value is MISSING or type(value) is Crossing else MATCHED

    return test


def _sized(fetch: Fetch, kinds: frozenset[type], relation: Relation, literal: int, unfit: Unfit) -> Test:
    def test(lookup: Lookup) -> Verdict:
        value = fetch(lookup)
        if type(value) in kinds:
            return MATCHED if relation(len(value), literal) else FALSE  # type: ignore[arg-type]
        return unfit(value)

    return test


def _includes(fetch: Fetch, literal: Scalar, max_scan: int, unfit: Unfit) -> Test:
    kinds = (int, float) if type(literal) in (int, float) else (type(literal),)

    def test(lookup: Lookup) -> Verdict:
        value = fetch(lookup)
        if type(value) is not list:
            return unfit(value)
        if len(value) > max_scan:
            return unfit(TooLong(len(value), max_scan))
        for element in value:
            if type(element) in kinds and element == literal:
                return MATCHED
        return FALSE

    return test


def _unfit(path: Path, expected: str) -> Unfit:
    """Return what a leaf says of a value that it does not take."""
    name = str(path)

    def verdict(value: object) -> Verdict:
        if value is None or value is MISSING:
            return MISSED
        if isinstance(value, Crossing | TooLong):
            return Verdict("invalid", f"{name}: {value}")
        return Verdict("invalid", f"{name}: expected {expected}, got {kind_of(value)}")

    return verdict
