"""What both spellings share when they build a leaf: operators, their misspellings, their literals."""

from collections.abc import Mapping
from typing import Final, cast, get_args

from flexes.envelope.paths import WILDCARD, Path, print_path
from flexes.predicate.ast import MAX_SAFE_INTEGER, ORDERS, Compare, Count, Operator, Scalar, plain_number
from flexes.predicate.limits import Limits
from flexes.predicate.refusal import nearest, refusal, shown

OPERATORS: Final = (*get_args(Operator), "==")
FIELD_OPERATORS: Final = (*OPERATORS, "$nonEmpty", "$exists", "$includes", "$count")
CALLS: Final = ("nonEmpty", "exists", "includes", "count")

_MEANT: Final[Mapping[str, str]] = {
    "$lt": "<",
    "$lte": "<=",
    "$gt": ">",
    "$gte": ">=",
    "$eq": "=",
    "$ne": "!=",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "eq": "=",
    "ne": "!=",
    "===": "=",
    "!==": "!=",
    "<>": "!=",
    "~=": "!=",
    "=<": "<=",
    "=>": ">=",
    "<<": "<",
    ">>": ">",
    "$and": "and",
    "$or": "or",
    "$not": "not",
    "&&": "and",
    "||": "or",
    "$contains": "$includes",
    "contains": "includes",
    "$has": "$includes",
    "has": "exists",
    "defined": "exists",
    "$size": "$count",
    "$len": "$count",
    "$length": "$count",
    "size": "count",
    "len": "count",
    "length": "count",
}


def operator_meant(word: str, choices: tuple[str, ...]) -> str:
    """Return `; did you mean ...?` for a misspelt or foreign operator, else the list of choices."""
    meant = _MEANT.get(word.casefold())
    if meant in (*choices, "and", "or", "not"):
        return f"; did you mean {meant}?"
    return nearest(word, choices) or f"; there are {' '.join(choices)}"


def comparison(path: Path, op: str, literal: object, limits: Limits) -> Compare:
    """Return `path op literal`.

    Raises:
        PredicateError: `bad_path`, `bad_literal` or `limit_literal`, without a place.
    """
    value = scalar(literal, limits)
    if WILDCARD in path.segments:
        remedy = f"[*] is only for includes, nonEmpty and count, such as includes({path}, {shown(value)})"
        raise refusal("bad_path", remedy, value=str(path))
    if op in ORDERS and not is_number(value):
        raise refusal("bad_literal", f"{op} compares with a number; strings are not ordered", value=shown(value))
    return Compare(path=print_path(path), op=operator(op), value=value)


def count_of(path: Path, op: str, literal: object) -> Count:
    """Return `count(path) op literal`.

    Raises:
        PredicateError: `bad_literal`, without a place.
    """
    if type(literal) is not int or not 0 <= literal <= MAX_SAFE_INTEGER:
        raise refusal("bad_literal", "a count compares with a whole number from 0", value=shown(literal))
    return Count(path=print_path(path), op=operator(op), value=literal)


def scalar(literal: object, limits: Limits) -> Scalar:
    """Return a literal in canonical form.

    Raises:
        PredicateError: `bad_literal` or `limit_literal`, without a place.
    """
    value = plain_number(literal)
    fault = _literal_fault(value)
    if fault:
        raise refusal("bad_literal", fault, value=shown(literal))
    if isinstance(value, str) and len(value) > limits.max_literal:
        message = f"a string literal has at most {limits.max_literal} characters; this one {len(value)}"
        raise refusal("limit_literal", message, value=shown(value))
    return cast(Scalar, value)


def is_number(value: object) -> bool:
    """Return whether a literal is a number; a boolean is none."""
    return type(value) in (int, float)


def operator(op: str) -> Operator:
    """Return the canonical spelling of a comparison operator."""
    return cast(Operator, "=" if op == "==" else op)


def _literal_fault(value: object) -> str:
    if type(value) is int and abs(value) > MAX_SAFE_INTEGER:
        return "an integer is at most 2^53-1 either way; compare with a float, such as 1e16"
    if type(value) is float and not float("-inf") < value < float("inf"):
        return "NaN and infinity are no literals; use $exists to test for a value"
    if type(value) is str:
        try:
            value.encode()
        except UnicodeEncodeError:
            return "a lone surrogate is not text; write well-formed Unicode"
        return ""
    if type(value) in (int, float, bool, type(None)):
        return ""
    return "a literal is a string, a number, true, false or null"
