"""How a `when` is refused: one error with code, place, value and remedy."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from flexes.envelope.paths import kind_of
from flexes.envelope.quoting import quoted
from flexes.errors import PredicateError, Problem

_MAX_SHOWN: Final = 60


def refusal(
    code: str, message: str, *, pointer: str = "", column: int | None = None, value: str = ""
) -> PredicateError:
    """Return the error of one fault; the pointer is relative to the `when`."""
    return PredicateError(Problem(code, pointer, message, value), column)


def at_pointer(error: PredicateError, pointer: str, column: int | None = None) -> PredicateError:
    """Return the same fault at another place."""
    fault = error.problem
    return PredicateError(Problem(fault.code, pointer, fault.message, fault.value), column)


def below(pointer: str, step: str | int) -> str:
    """Return the JSON pointer of a member or an element."""
    escaped = str(step).replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{escaped}"


def shown(value: object) -> str:
    """Return a value as short text, never reading more of it than is shown."""
    if isinstance(value, str):
        return quoted(value if len(value) <= _MAX_SHOWN else value[: _MAX_SHOWN - 3] + "...")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 128 else f"an integer of {value.bit_length()} bits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict | list):
        return f"{kind_of(value)} of {len(value)}"
    return kind_of(value)


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return `; did you mean ...?` for the choice that resembles the word, else nothing."""
    by_folded = {choice.casefold(): choice for choice in choices}
    found = get_close_matches(word[:64].casefold(), by_folded, n=1, cutoff=0.7)
    return f"; did you mean {by_folded[found[0]]}?" if found else ""
