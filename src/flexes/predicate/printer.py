"""How a predicate is written: one line of text, canonical JSON, and the digest of both.

1. `parse_when(print_text(ast)) == ast` and `parse_when(to_json(ast)) == ast`.
2. JSON is field first. An `and` is one object where no key would repeat, else a list under `"and"`; tests of
   one path that follow each other share an object of operators.
3. The order of tests is kept as written.
"""

from hashlib import sha256
from typing import TypeAlias, assert_never

from pydantic import JsonValue

from flexes.envelope.paths import KEYWORDS, Path
from flexes.envelope.quoting import quoted
from flexes.predicate.ast import (
    And,
    Compare,
    Count,
    Exists,
    Includes,
    Leaf,
    NonEmpty,
    Not,
    Or,
    Scalar,
    When,
    leaves_of,
    stored_path,
)

Members: TypeAlias = dict[str, JsonValue]


def print_text(ast: When) -> str:
    """Return the predicate as one line of text."""
    match ast:
        case And():
            return " && ".join(_grouped(test, And, Or) for test in ast.tests)
        case Or():
            return " || ".join(_grouped(test, Or) for test in ast.tests)
        case Not():
            return "!" + _grouped(ast.test, And, Or, Compare, Count)
        case _:
            return _leaf_text(ast)


def to_json(ast: When) -> JsonValue:
    """Return the predicate as canonical JSON."""
    match ast:
        case And():
            members = _merged([_member(test) for test in ast.tests])
            return members or {"and": [to_json(test) for test in ast.tests]}
        case _:
            key, value = _member(ast)
            return {key: _short(value)}


def digest(ast: When) -> str:
    """Return the SHA-256 of the text, in hex: the same for both spellings, in every process and release."""
    return sha256(print_text(ast).encode()).hexdigest()


def paths_of(ast: When) -> tuple[Path, ...]:
    """Return the distinct paths that the predicate reads, in the order in which they are written."""
    return tuple(stored_path(text) for text in dict.fromkeys(leaf.path for leaf in leaves_of(ast)))


def literal_text(value: Scalar) -> str:
    """Return a literal as both spellings write it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value) if isinstance(value, str) else repr(value)


def _grouped(ast: When, *looser: type) -> str:
    text = print_text(ast)
    return f"({text})" if isinstance(ast, looser) else text


def _leaf_text(leaf: Leaf) -> str:
    match leaf:
        case Compare():
            return f"{leaf.path} {leaf.op} {literal_text(leaf.value)}"
        case Exists():
            return f"exists({leaf.path})"
        case NonEmpty():
            return f"nonEmpty({leaf.path})"
        case Includes():
            return f"includes({leaf.path}, {literal_text(leaf.value)})"
        case Count():
            return f"count({leaf.path}) {leaf.op} {leaf.value}"
        case _:
            assert_never(leaf)


def _member(ast: When) -> tuple[str, JsonValue]:
    """Return the key and value of a test as a member of an object; a leaf's value is its operators."""
    match ast:
        case And():
            return "and", [to_json(test) for test in ast.tests]
        case Or():
            return "or", [to_json(test) for test in ast.tests]
        case Not(test=Exists() | NonEmpty() as leaf):
            return leaf.path, dict.fromkeys(_operators(leaf), False)
        case Not():
            return "not", to_json(ast.test)
        case _:
            return ast.path, _operators(ast)


def _operators(leaf: Leaf) -> Members:
    match leaf:
        case Compare():
            return {leaf.op: leaf.value}
        case Exists():
            return {"$exists": True}
        case NonEmpty():
            return {"$nonEmpty": True}
        case Includes():
            return {"$includes": leaf.value}
        case Count():
            return {"$count": {leaf.op: leaf.value}}
        case _:
            assert_never(leaf)


def _merged(members: list[tuple[str, JsonValue]]) -> Members:
    """Return one object that keeps the order of all members; empty where a key would repeat."""
    merged: Members = {}
    for key, value in members:
        if key not in merged:
            merged[key] = value
        elif key in KEYWORDS or key != next(reversed(merged)) or not _joined(merged[key], value):
            return {}
    return {key: _short(value) for key, value in merged.items()}


def _joined(held: JsonValue, more: JsonValue) -> bool:
    """Add the operators of one test to those of another on the same path; False where one would repeat."""
    if not isinstance(held, dict) or not isinstance(more, dict):
        return False
    for op, value in more.items():
        if op not in held:
            held[op] = value
        elif op != next(reversed(held)) or not _joined(held[op], value):
            return False
    return True


def _short(value: JsonValue) -> JsonValue:
    """Return the shorthand of a lone `=`, also under `$count`."""
    if isinstance(value, dict) and isinstance(count := value.get("$count"), dict) and list(count) == ["="]:
        value = {**value, "$count": count["="]}
    return value["="] if isinstance(value, dict) and list(value) == ["="] else value
