"""The one door for a `when`: whichever spelling, measured first, then parsed to the AST."""

from pydantic import JsonValue

from flexes.predicate.ast import When, depth_of, leaves_of
from flexes.predicate.json_form import parse_json
from flexes.predicate.limits import DEFAULT_LIMITS, Limits, check_size, too_deep
from flexes.predicate.refusal import refusal


def parse_when(source: JsonValue, limits: Limits = DEFAULT_LIMITS) -> When:
    """Return the canonical AST of a predicate, given as an object or a text.

    Raises:
        PredicateError: One fault: code, pointer relative to the `when`, remedy, value; the column in a text.
    """
    check_size(source, limits)
    return within(parse_json(source, limits), limits)


def within(ast: When, limits: Limits) -> When:
    """Return the predicate if it has no more leaves and levels than allowed.

    Raises:
        PredicateError: `limit_depth` or `limit_leaves`.
    """
    if depth_of(ast) > limits.max_depth:
        raise too_deep(limits)
    leaves = sum(1 for _ in leaves_of(ast))
    if leaves > limits.max_leaves:
        message = f"a `when` has at most {limits.max_leaves} tests; split the directive"
        raise refusal("limit_leaves", message, value=str(leaves))
    return ast
