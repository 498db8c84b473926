"""The canonical spelling of a predicate: JSON, field first.

    object = { member, ... }                                     one or more, ANDed
    member = "and": [when, ...] | "or": [when, ...] | "not": when
           | PATH: test | "$nonEmpty": PATH | "$includes": [PATH, scalar]
    test   = scalar | { op, ... }                                one or more, ANDed
    op     = "<": number, ... | "=": scalar, ... | "$nonEmpty": bool | "$exists": bool | "$includes": scalar
           | "$count": uint | "$count": { "<": uint, ... }

Anything inside may also be a text. `level` is how many and / or / not are open.
"""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from pydantic import JsonValue

from flexes.envelope.paths import WILDCARD, Path, parse_path, print_path
from flexes.errors import PredicateError
from flexes.predicate.ast import Exists, Includes, NonEmpty, Not, When, all_of, any_of
from flexes.predicate.foreign import refuse_foreign, refuse_key
from flexes.predicate.leaves import FIELD_OPERATORS, OPERATORS, comparison, count_of, operator_meant, scalar
from flexes.predicate.limits import Limits, too_deep
from flexes.predicate.refusal import at_pointer, below, refusal, shown
from flexes.predicate.text_form import parse_text

Members: TypeAlias = dict[str, JsonValue]
Built = TypeVar("Built")


def parse_json(source: JsonValue, limits: Limits, pointer: str = "", level: int = 0) -> When:
    """Return the predicate that an object, or a text, spells.

    Raises:
        PredicateError: With the pointer of the fault.
    """
    if level > limits.max_depth:
        raise too_deep(limits, pointer)
    if isinstance(source, str):
        return _text(source, limits, pointer, level)
    if not isinstance(source, dict):
        message = 'a `when` is an object or a text, such as {"qa.score": {"<": 0.7}} or "qa.score < 0.7"'
        raise refusal("bad_shape", message, pointer=pointer, value=shown(source))
    if not source:
        raise refusal("bad_shape", "an empty `when` says nothing; leave it out to match always", pointer=pointer)
    refuse_foreign(source, limits, pointer)
    return all_of([_member(key, value, limits, pointer, level) for key, value in source.items()])


def _text(source: str, limits: Limits, pointer: str, level: int) -> When:
    try:
        return parse_text(source, limits, level)
    except PredicateError as error:
        raise at_pointer(error, pointer, error.column) from None


def _member(key: str, value: JsonValue, limits: Limits, pointer: str, level: int) -> When:
    place = below(pointer, key)
    match key:
        case "and":
            return all_of(_list(value, limits, place, level + 1))
        case "or":
            return any_of(_list(value, limits, place, level + 1))
        case "not":
            return Not(test=parse_json(value, limits, place, level + 1))
        case "$nonEmpty":
            return NonEmpty(path=print_path(_path(value, limits, place)))
        case "$includes":
            return _includes_pair(value, limits, place)
        case _:
            refuse_key(key, value, place)
            return _test(_path(key, limits, place), value, limits, place)


def _list(value: JsonValue, limits: Limits, pointer: str, level: int) -> list[When]:
    if not isinstance(value, list) or not value:
        raise refusal("bad_shape", "expected a list of one or more predicates", pointer=pointer, value=shown(value))
    return [parse_json(test, limits, below(pointer, index), level) for index, test in enumerate(value)]


def _includes_pair(value: JsonValue, limits: Limits, pointer: str) -> When:
    if not isinstance(value, list) or len(value) != 2:
        message = 'expected [PATH, literal], such as {"$includes": ["tags", "urgent"]}'
        raise refusal("bad_shape", message, pointer=pointer, value=shown(value))
    path = _path(value[0], limits, below(pointer, 0))
    literal = value[1]
    return Includes(path=print_path(path), value=_placed(lambda: scalar(literal, limits), below(pointer, 1)))


def _path(value: JsonValue, limits: Limits, pointer: str) -> Path:
    if not isinstance(value, str):
        raise refusal("bad_shape", "expected a path, such as qa.score", pointer=pointer, value=shown(value))
    return _placed(lambda: parse_path(value, limits.max_path, limits.max_segments), pointer)


def _test(path: Path, value: JsonValue, limits: Limits, pointer: str) -> When:
    if not isinstance(value, dict):
        return _placed(lambda: comparison(path, "=", value, limits), pointer)
    if not value:
        message = f'expected one or more of {" ".join(FIELD_OPERATORS)}, such as {{"<": 0.7}}'
        raise refusal("bad_shape", message, pointer=pointer)
    return all_of([_operator(path, op, literal, limits, below(pointer, op)) for op, literal in value.items()])


def _operator(path: Path, op: str, literal: JsonValue, limits: Limits, pointer: str) -> When:
    match op:
        case "$nonEmpty":
            return _positive(NonEmpty(path=print_path(path)), literal, pointer)
        case "$exists":
            return _positive(_exists(path, pointer), literal, pointer)
        case "$includes":
            value = _placed(lambda: scalar(literal, limits), pointer)
            return Includes(path=print_path(path), value=value)
        case "$count":
            return _count(path, literal, pointer)
        case _ if op in OPERATORS:
            return _placed(lambda: comparison(path, op, literal, limits), pointer)
        case _:
            hint = operator_meant(op, FIELD_OPERATORS)
            remedy = f"; a deeper value is one path, such as {path}.key" if isinstance(literal, dict) else ""
            message = f"there is no operator {shown(op)}{hint}{remedy}"
            raise refusal("unknown_operator", message, pointer=pointer, value=shown(op))


def _positive(test: When, wanted: JsonValue, pointer: str) -> When:
    if not isinstance(wanted, bool):
        raise refusal("bad_literal", "expected true or false", pointer=pointer, value=shown(wanted))
    return test if wanted else Not(test=test)


def _exists(path: Path, pointer: str) -> When:
    if WILDCARD in path.segments:
        remedy = f'$exists takes no [*]; write {{"{path}": {{"$nonEmpty": true}}}}'
        raise refusal("bad_path", remedy, pointer=pointer, value=str(path))
    return Exists(path=print_path(path))


def _count(path: Path, literal: JsonValue, pointer: str) -> When:
    if not isinstance(literal, dict):
        return _placed(lambda: count_of(path, "=", literal), pointer)
    if not literal:
        raise refusal("bad_shape", 'expected a comparison, such as {">=": 3}', pointer=pointer)
    return all_of([_count_by(path, op, bound, below(pointer, op)) for op, bound in literal.items()])


def _count_by(path: Path, op: str, bound: JsonValue, pointer: str) -> When:
    if op not in OPERATORS:
        message = f"$count has no operator {shown(op)}{operator_meant(op, OPERATORS)}"
        raise refusal("unknown_operator", message, pointer=pointer, value=shown(op))
    return _placed(lambda: count_of(path, op, bound), pointer)


def _placed(build: Callable[[], Built], pointer: str) -> Built:
    try:
        return build()
    except PredicateError as error:
        raise at_pointer(error, pointer) from None
