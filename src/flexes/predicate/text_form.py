"""The one-line spelling of a predicate.

    text = and { ("||"|"or") and } ;  and = un { ("&&"|"and") un }
    un   = ("!"|"not") un | "(" text ")" | call | cmp
    cmp  = PATH [ ("<"|"<="|">"|">="|"="|"=="|"!=") scalar ]        (a bare PATH means PATH = true)
    call = ("nonEmpty"|"exists") "(" PATH ")" | "includes" "(" PATH "," scalar ")"
         | "count" "(" PATH ")" OP uint

A function per rule. `level` is how many `!`, parentheses, and / or / not are open.
"""

from collections.abc import Callable
from typing import TypeVar

from flexes.envelope.paths import WILDCARD, print_path
from flexes.errors import PredicateError
from flexes.predicate.ast import Exists, Includes, NonEmpty, Not, When, all_of, any_of
from flexes.predicate.leaves import CALLS, comparison, count_of, operator_meant, scalar
from flexes.predicate.limits import Limits, too_deep
from flexes.predicate.reader import Reader
from flexes.predicate.refusal import at_pointer

Built = TypeVar("Built")


def parse_text(text: str, limits: Limits, level: int = 0) -> When:
    """Return the predicate that a text spells; `level` is how deep it stands inside a JSON form.

    Raises:
        PredicateError: With the column of the fault.
    """
    reader = Reader(text, limits)
    ast = _disjunction(reader, level)
    if reader.at < len(text):
        raise reader.fault("syntax", "expected && or ||, or the end")
    return ast


def _disjunction(reader: Reader, level: int) -> When:
    tests = [_conjunction(reader, level)]
    while reader.take("||") or reader.take_word("or"):
        tests.append(_conjunction(reader, level))
    return any_of(tests)


def _conjunction(reader: Reader, level: int) -> When:
    tests = [_unary(reader, level)]
    while reader.take("&&") or reader.take_word("and"):
        tests.append(_unary(reader, level))
    return all_of(tests)


def _unary(reader: Reader, level: int) -> When:
    if level > reader.limits.max_depth:
        raise too_deep(reader.limits, column=reader.at + 1)
    if (reader.sees("!") and not reader.sees("!=") and reader.take("!")) or reader.take_word("not"):
        # `!(` is one level: the parentheses only hold together what is negated
        return Not(test=_group(reader, level + 1) if reader.sees("(") else _unary(reader, level + 1))
    if reader.sees("("):
        return _group(reader, level + 1)
    name = reader.called()
    return _comparison(reader) if name is None else _call(reader, name)


def _group(reader: Reader, level: int) -> When:
    reader.expect("(")
    ast = _disjunction(reader, level)
    reader.expect(")")
    return ast


def _comparison(reader: Reader) -> When:
    start = reader.at
    path = reader.path()
    op = reader.operator()
    literal_at = reader.at
    literal = True if op is None else reader.literal()
    return _placed(lambda: comparison(path, op or "=", literal, reader.limits), start, literal_at)


def _call(reader: Reader, name: str) -> When:
    start = reader.at
    if name not in CALLS:
        raise reader.fault("unknown_operator", f"there is no {name[:40]}(){operator_meant(name, CALLS)}", name)
    reader.take(name)
    reader.expect("(")
    match name:
        case "includes":
            return _includes(reader)
        case "count":
            return _count(reader)
        case _:
            return _presence(reader, name, start)


def _presence(reader: Reader, name: str, start: int) -> When:
    path = reader.path()
    reader.expect(")")
    if name == "nonEmpty":
        return NonEmpty(path=print_path(path))
    if WILDCARD in path.segments:
        raise reader.fault("bad_path", f"exists takes no [*]; write nonEmpty({path})", str(path), start)
    return Exists(path=print_path(path))


def _includes(reader: Reader) -> When:
    path = reader.path()
    reader.expect(",")
    start = reader.at
    literal = reader.literal()
    value = _placed(lambda: scalar(literal, reader.limits), start, start)
    reader.expect(")")
    return Includes(path=print_path(path), value=value)


def _count(reader: Reader) -> When:
    path = reader.path()
    reader.expect(")")
    op = reader.operator()
    if op is None:
        raise reader.fault("syntax", f"a count is compared, as in count({path}) >= 3")
    start = reader.at
    literal = reader.literal()
    return _placed(lambda: count_of(path, op, literal), start, start)


def _placed(build: Callable[[], Built], path_at: int, literal_at: int) -> Built:
    try:
        return build()
    except PredicateError as error:
        at = path_at if error.problem.code == "bad_path" else literal_at
        raise at_pointer(error, "", at + 1) from None
