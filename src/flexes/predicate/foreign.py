"""Input written for another language: JSON-Logic under `when`, operators first, unknown `$` keys."""

from typing import Final

from pydantic import JsonValue

from flexes.envelope.paths import ROOT_MEMBERS
from flexes.errors import PredicateError
from flexes.predicate.json_logic import COMPARISONS, REWRITES, from_json_logic, rewrite_of
from flexes.predicate.leaves import FIELD_OPERATORS, operator_meant
from flexes.predicate.limits import Limits
from flexes.predicate.printer import print_text
from flexes.predicate.refusal import below, refusal, shown

_MEMBERS: Final = ("and", "or", "not", "$nonEmpty", "$includes")
_SYMBOLS: Final = frozenset((*COMPARISONS, "!", "!!", "+", "-", "*", "/", "%", "?:"))


def refuse_foreign(source: dict[str, JsonValue], limits: Limits, pointer: str) -> None:
    """Refuse an object that looks like JSON-Logic, showing what to write instead.

    Raises:
        PredicateError: `json_logic`.
    """
    for key, value in source.items():
        if isinstance(key, str) and _is_json_logic(key, value, alone=len(source) == 1):
            message = f"this looks like JSON-Logic; write {_rewrite(key, value, limits)}"
            raise refusal("json_logic", message, pointer=below(pointer, key), value=shown(key))


def refuse_key(key: object, value: JsonValue, pointer: str) -> None:
    """Refuse a key that is neither a member's name nor can be a path.

    Raises:
        PredicateError: `bad_shape`, `unknown_operator` or `bad_path`.
    """
    if not isinstance(key, str):
        raise refusal("bad_shape", "a key is a text", pointer=pointer, value=shown(key))
    if key in FIELD_OPERATORS:
        message = f'{key} follows its path: {{"qa.score": {{"{key}": ...}}}}'
        raise refusal("bad_shape", message, pointer=pointer, value=shown(key))
    if key.startswith("$") and key.split(".")[0].split("[")[0] not in ROOT_MEMBERS:
        hint = operator_meant(key, _MEMBERS)
        code = "unknown_operator" if "did you mean" in hint else "reserved"
        remedy = hint if code == "unknown_operator" else f"; the reserved roots are {', '.join(ROOT_MEMBERS)}"
        raise refusal(code, f"there is no {shown(key)}{remedy}", pointer=pointer, value=shown(key))
    if isinstance(value, list):
        hint = operator_meant(key, _MEMBERS) if key.casefold() in ("and", "or", "not", "&&", "||") else ""
        message = f'a list is no literal; to look into one write {{"$includes": "literal"}}{hint}'
        raise refusal("bad_shape", message, pointer=pointer, value=shown(value))


def _is_json_logic(key: str, value: JsonValue, *, alone: bool) -> bool:
    if key in _SYMBOLS:
        return True
    if key == "var":
        return alone and isinstance(value, str | list)
    return (key in REWRITES or key == "missing") and isinstance(value, list)


def _rewrite(key: str, value: JsonValue, limits: Limits) -> str:
    try:
        return print_text(from_json_logic({key: value}, limits))
    except PredicateError as error:
        return (
            rewrite_of(key, value)
            if key in REWRITES
            else f"the path first, such as qa.score < 0.7 ({error.problem.message})"
        )
