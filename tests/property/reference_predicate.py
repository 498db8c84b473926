"""A second, slow reading of the `when` semantics: from predicates.md alone, sharing no code with flexes.

A predicate is a plain tree here, so that the parsers are held against it as well:
    ("and", [tree, ...])  ("or", [tree, ...])  ("not", tree)
    ("cmp", steps, op, literal)  ("exists", steps)  ("nonEmpty", steps)  ("includes", steps, literal)
    ("count", steps, op, number)
Steps are the root name, then keys (str), indexes (int) and STAR.
"""

import json
import math
import re
from fractions import Fraction
from typing import Any

STAR = object()
SCAN = 1000


class MissingError(Exception):
    """Nothing is there."""


class WrongError(Exception):
    """What is there has the wrong type."""


def judge(tree: Any, facets: dict[str, Any]) -> str:
    """Return T, F, M or E."""
    kind = tree[0]
    if kind in ("and", "or"):
        letters = [judge(part, facets) for part in tree[1]]
        order = "FEMT" if kind == "and" else "TEMF"
        return next(letter for letter in order if letter in letters)
    if kind == "not":
        return {"T": "F", "F": "T"}.get(letter := judge(tree[1], facets), letter)
    if kind == "exists":
        return "T" if _present(tree[1], facets) else "F"
    try:
        return "T" if _holds(tree, facets) else "F"
    except MissingError:
        return "M"
    except WrongError:
        return "E"


def text_of(tree: Any) -> str:
    """Return the tree as text, with every parenthesis that could be needed."""
    match tree:
        case ("and" | "or") as kind, parts:
            return (" && " if kind == "and" else " or ").join(f"({text_of(part)})" for part in parts)
        case "not", part:
            return f"!({text_of(part)})"
        case "cmp", steps, op, literal:
            return f"{path_of(steps)} {op} {json.dumps(literal)}"
        case "count", steps, op, number:
            return f"count({path_of(steps)}) {op} {number}"
        case "includes", steps, literal:
            return f"includes({path_of(steps)}, {json.dumps(literal)})"
        case _:
            return f"{tree[0]}({path_of(tree[1])})"


def json_of(tree: Any) -> Any:
    """Return the tree as JSON."""
    match tree:
        case ("and" | "or") as kind, parts:
            return {kind: [json_of(part) for part in parts]}
        case "not", part:
            return {"not": json_of(part)}
        case "cmp", steps, op, literal:
            return {path_of(steps): {op: literal}}
        case "count", steps, op, number:
            return {path_of(steps): {"$count": {op: number}}}
        case "includes", steps, literal:
            return {path_of(steps): {"$includes": literal}}
        case _:
            return {path_of(tree[1]): {f"${tree[0]}": True}}


def path_of(steps: list[Any]) -> str:
    """Return steps as a path; odd keys quoted."""
    text = ""
    for step in steps:
        if step is STAR:
            text += "[*]"
        elif isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step)}]"
    return text


def _present(steps: list[Any], facets: dict[str, Any]) -> bool:
    try:
        return _value(steps, facets) is not None
    except (MissingError, WrongError):
        return False


def _holds(tree: Any, facets: dict[str, Any]) -> bool:
    value = _value(tree[1], facets)
    if tree[0] == "cmp":
        return _compare(value, tree[2], tree[3])
    if value is None:
        raise MissingError
    if tree[0] == "includes":
        return _included(value, tree[2])
    if not isinstance(value, list | dict) and not (tree[0] == "nonEmpty" and isinstance(value, str)):
        raise WrongError
    if tree[0] == "nonEmpty":
        return bool(value)
    return _ordered(Fraction(len(value)), tree[2], Fraction(tree[3]))


def _value(steps: list[Any], facets: dict[str, Any]) -> Any:
    value: Any = facets
    for position, step in enumerate(steps):
        if value is None:
            raise MissingError
        if step is STAR:
            return _tails(value, steps[position + 1 :])
        value = _inside(value, step)
    return value


def _inside(value: Any, step: Any) -> Any:
    if isinstance(step, str) and isinstance(value, dict):
        if step in value:
            return value[step]
        raise MissingError
    if isinstance(step, int) and isinstance(value, list):
        place = step if step >= 0 else len(value) + step
        if 0 <= place < len(value):
            return value[place]
        raise MissingError
    raise WrongError


def _tails(value: Any, rest: list[Any]) -> list[Any]:
    if not isinstance(value, list) or len(value) > SCAN:
        raise WrongError
    kept = []
    for element in value:
        try:
            tail = _value([0, *rest], [element])  # type: ignore[arg-type]
        except MissingError:
            continue
        if tail is not None:
            kept.append(tail)
    return kept


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return "number"
    if value is None:
        return "null"
    return "string" if isinstance(value, str) else "other"


def _compare(value: Any, op: str, literal: Any) -> bool:
    kind = _kind(value)
    if literal is None:
        if kind == "other":
            raise WrongError
        return (kind == "null") == (op in ("=", "=="))
    if kind == "null":
        raise MissingError
    if kind != _kind(literal):
        raise WrongError
    if kind == "number":
        return _ordered(Fraction(value), op, Fraction(literal))
    return bool(value == literal) == (op in ("=", "=="))


def _ordered(left: Fraction, op: str, right: Fraction) -> bool:
    sign = (left > right) - (left < right)
    return sign in {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1), "!=": (-1, 1)}.get(op, (0,))


def _included(value: Any, literal: Any) -> bool:
    if not isinstance(value, list) or len(value) > SCAN:
        raise WrongError
    return any(
        _kind(element) == _kind(literal) != "other"
        and (Fraction(element) == Fraction(literal) if _kind(literal) == "number" else element == literal)
        for element in value
    )
