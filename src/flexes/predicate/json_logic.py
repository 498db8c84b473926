"""JSON-Logic brought to the AST, as far as it translates directly.

1. Comparisons of one `var` with literals, either way round, and `<` / `<=` between two literals.
2. `and`, `or`, `!`; a bare `var` is `var = true`, strictly.
3. Existence: `== null`, `!= null`, `missing`.

Everything else is refused with what to write instead.
"""

import re
from typing import Final, TypeAlias

from pydantic import JsonValue

from flexes.envelope.paths import Path, parse_path, print_path
from flexes.errors import PredicateError
from flexes.predicate.ast import Exists, Not, When, all_of, any_of
from flexes.predicate.leaves import comparison, operator_meant
from flexes.predicate.limits import Limits, too_deep
from flexes.predicate.refusal import at_pointer, below, refusal, shown

Arguments: TypeAlias = list[JsonValue]

COMPARISONS: Final = {
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "==": "=",
    "===": "=",
    "!=": "!=",
    "!==": "!=",
}
CONNECTIVES: Final = ("and", "or", "!", "not", "missing", "var")
REWRITES: Final = {
    "!!": "exists(path), or path = true",
    "in": 'includes(path, "literal")',
    "some": 'includes(path[*].key, "literal"), or nonEmpty(path[*].key)',
    "none": '!includes(path[*].key, "literal")',
    "all": "a facet that the node computes, such as checks.allPassed = true",
    "filter": 'includes(path[*].key, "literal"), or count(path[*].key) >= 1',
    "map": "path[*].key inside includes, nonEmpty or count",
    "reduce": "count(path) >= 1, or a facet that the node computes",
    "missing_some": "!exists(a) || !exists(b)",
    "if": "(test && a) || (!test && b)",
    "?:": "(test && a) || (!test && b)",
    **dict.fromkeys(
        ("+", "-", "*", "/", "%", "min", "max", "cat", "substr", "merge", "log", "method"),
        "a facet that the node computes; predicates do no arithmetic",
    ),
}
"""JSON-Logic that does not translate, and what to write instead."""

_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
# where earlier envelopes kept facets: the value of NAME was at this path
_SNAPSHOT = re.compile(r"^metadata\.runContextSnapshot\.facets\.([^.]+)\.value(?=\.|$)")
_NUMERIC = re.compile(r"\.(-?[0-9]+)(?=\.|$)")


def from_json_logic(source: JsonValue, limits: Limits, pointer: str = "", level: int = 0) -> When:
    """Return the predicate that a JSON-Logic rule means.

    Raises:
        PredicateError: `json_logic` or `unknown_operator` with the rewrite, or a fault of a path or literal.
    """
    if level > limits.max_depth:
        raise too_deep(limits, pointer)
    if not isinstance(source, dict) or len(source) != 1:
        message = 'expected a JSON-Logic rule with one operator, such as {"<": [{"var": "qa.score"}, 0.7]}'
        raise refusal("bad_shape", message, pointer=pointer, value=shown(source))
    ((op, operand),) = source.items()
    arguments: Arguments = operand if isinstance(operand, list) else [operand]
    place = below(pointer, op)
    try:
        return _rule(op, arguments, limits, place, level)
    except PredicateError as error:
        raise at_pointer(error, error.problem.pointer or place) from None


def rewrite_of(op: str, operand: JsonValue) -> str:
    """Return what to write instead of JSON-Logic that does not translate."""
    match op, operand:
        case "in", [literal, {"var": str() as name}] if _is_literal(literal):
            return f"includes({name}, {shown(literal)})"
        case "!!", {"var": str() as name} | [{"var": str() as name}]:
            return f"exists({name}), or {name} = true"
        case _:
            return REWRITES[op]


def _rule(op: str, arguments: Arguments, limits: Limits, pointer: str, level: int) -> When:
    if op in COMPARISONS:
        return _comparisons(COMPARISONS[op], arguments, limits, pointer)
    match op:
        case "and" | "or":
            return _connective(op, arguments, limits, pointer, level)
        case "!" | "not" if len(arguments) == 1:
            return _negated(from_json_logic(arguments[0], limits, pointer, level + 1))
        case "var":
            return comparison(_path(arguments, limits), "=", True, limits)
        case "missing" if arguments:
            return any_of([Not(test=_exists(_path([name], limits))) for name in arguments])
        case _:
            raise _refused(op, arguments, pointer)


def _connective(op: str, arguments: Arguments, limits: Limits, pointer: str, level: int) -> When:
    if not arguments:
        raise refusal("bad_shape", f"{op} takes one or more rules", pointer=pointer)
    tests = [from_json_logic(rule, limits, below(pointer, index), level + 1) for index, rule in enumerate(arguments)]
    return all_of(tests) if op == "and" else any_of(tests)


def _comparisons(op: str, arguments: Arguments, limits: Limits, pointer: str) -> When:
    match arguments:
        case [{"var": name}, literal] if _is_literal(literal):
            return _compared(name, op, literal, limits)
        case [literal, {"var": name}] if _is_literal(literal):
            return _compared(name, _MIRRORED[op], literal, limits)
        case [low, {"var": name}, high] if op in ("<", "<=") and _is_literal(low) and _is_literal(high):
            bounds = ((_MIRRORED[op], low), (op, high))
            return all_of([_compared(name, bound, literal, limits) for bound, literal in bounds])
        case _:
            remedy = f"a comparison has one var and one literal: path {op} literal"
            raise refusal("json_logic", remedy, pointer=pointer, value=shown(arguments))


def _compared(name: JsonValue, op: str, literal: JsonValue, limits: Limits) -> When:
    path = _path(name if isinstance(name, list) else [name], limits)
    if literal is None and op in ("=", "!="):  # JSON-Logic reads an absent var as null
        return _exists(path) if op == "!=" else Not(test=_exists(path))
    return comparison(path, op, literal, limits)


def _path(arguments: Arguments, limits: Limits) -> Path:
    match arguments:
        case [str() as name] if name:
            spelt = _NUMERIC.sub(r"[\1]", _SNAPSHOT.sub(r"\1", name[: limits.max_path + 1]))
            return parse_path(spelt, limits.max_path, limits.max_segments)
        case [_, _]:
            remedy = "a var has no default here: a missing facet never matches; test it with exists(path)"
            raise refusal("json_logic", remedy, value=shown(arguments))
        case _:
            raise refusal("json_logic", 'a var is one path, such as {"var": "qa.score"}', value=shown(arguments))


def _exists(path: Path) -> When:
    return Exists(path=print_path(path))


def _negated(test: When) -> When:
    return test.test if isinstance(test, Not) else Not(test=test)


def _is_literal(value: JsonValue) -> bool:
    return not isinstance(value, dict | list)


def _refused(op: str, arguments: Arguments, pointer: str) -> PredicateError:
    if op in REWRITES:
        message = f"{op} does not translate; write {rewrite_of(op, arguments)}"
        return refusal("json_logic", message, pointer=pointer, value=shown(arguments))
    if op in CONNECTIVES:
        return refusal("bad_shape", f"{op} has another number of arguments", pointer=pointer, value=shown(arguments))
    hint = operator_meant(op, (*COMPARISONS, "and", "or", "!", "missing"))
    return refusal("unknown_operator", f"there is no operator {shown(op)}{hint}", pointer=pointer, value=shown(op))
