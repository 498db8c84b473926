"""What is refused while a document is read, YAML or JSON, and the numbers that both may hold."""

from typing import Final, NoReturn

from flexes.envelope.model import MAX_DEPTH, MAX_INTEGER

Place = tuple[int, int] | None
"""A line and a column from 1, if they are known."""

_MAX_LENGTH: Final = 20
"""Characters of an integer of 64 bits, at most."""


class Refused(Exception):
    """A fault while reading; `token` is what to look for, `at` its line and column if they are known."""

    def __init__(self, code: str, message: str, token: str = "", at: Place = None) -> None:
        self.code, self.message, self.token, self.at = code, message, token, at
        super().__init__(message)


def finite_number(text: str) -> float:
    """Return a number that JSON can say.

    Raises:
        Refused: It is too large to be finite.
    """
    value = float(text)
    return value if abs(value) != float("inf") else not_finite(text)


def bounded_integer(text: str) -> int:
    """Return an integer that can be stored.

    Raises:
        Refused: It has more than 64 bits.
    """
    if len(text) <= _MAX_LENGTH and abs(value := int(text)) <= MAX_INTEGER:
        return value
    raise Refused("huge_integer", "an integer has at most 64 bits; write a larger one as text", text)


def not_finite(text: str) -> NoReturn:
    """Refuse a number that JSON cannot say.

    Raises:
        Refused: Always.
    """
    raise Refused("not_finite", f"{text[:20]} is not a finite number; use null, or leave the key out", text)


def repeated(key: str, at: Place = None) -> Refused:
    """Return the fault of a key that an object has already."""
    return Refused("duplicate_key", f"the key {key[:80]!r} stands twice in one object; remove one", at=at)


def empty() -> Refused:
    """Return the fault of a document that holds nothing."""
    return Refused("empty", "holds nothing; write the document into it")


def too_deep(at: Place) -> Refused:
    """Return the fault of a document that is nested too deep."""
    return Refused("too_deep", f"nested more than {MAX_DEPTH} levels deep; flatten the document", at=at)
