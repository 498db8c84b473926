"""The words of the text form: a place in a text, and what can be taken from there."""

import re
from typing import Final

from flexes.envelope.paths import KEYWORDS, Path, scan_path
from flexes.envelope.quoting import scan_quoted
from flexes.errors import PredicateError
from flexes.predicate.ast import Scalar
from flexes.predicate.leaves import OPERATORS, operator_meant
from flexes.predicate.limits import Limits
from flexes.predicate.refusal import refusal, shown

_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_CALLED = re.compile(r"(\$?[A-Za-z_][A-Za-z0-9_-]*)[ \t\r\n]*\(")
_SYMBOL = re.compile(r"[<>=!~]+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![A-Za-z0-9_.])")
_CONSTANTS: Final[dict[str, Scalar]] = {"true": True, "false": False, "null": None}
_MAX_DIGITS: Final = 400


class Reader:
    """A text and how far it is read; whitespace after each word is skipped."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.at = 0
        self._move_to(0)

    def sees(self, symbol: str) -> bool:
        """Return whether the symbol comes next."""
        return self.text.startswith(symbol, self.at)

    def take(self, symbol: str) -> bool:
        """Move past the symbol if it comes next."""
        if not self.sees(symbol):
            return False
        self._move_to(self.at + len(symbol))
        return True

    def take_word(self, word: str) -> bool:
        """Move past the word if it, and no longer one, comes next."""
        found = _WORD.match(self.text, self.at)
        return found is not None and found[0] == word and self.take(word)

    def expect(self, symbol: str) -> None:
        """Move past the symbol.

        Raises:
            PredicateError: `syntax`.
        """
        if not self.take(symbol):
            raise self.fault("syntax", f"expected {symbol}")

    def called(self) -> str | None:
        """Return the name that comes next if a parenthesis follows it."""
        found = _CALLED.match(self.text, self.at)
        return found[1] if found and found[1] not in KEYWORDS else None

    def path(self) -> Path:
        """Move past a path.

        Raises:
            PredicateError: `syntax`, `bad_path`, `limit_path` or `reserved`.
        """
        word = _WORD.match(self.text, self.at)
        if word and word[0] in KEYWORDS:
            remedy = f'expected a path; a facet named {word[0]} is written ["{word[0]}"]'
            raise self.fault("syntax", remedy, word[0])
        if not (word or self.sees('["') or self.sees("$")):
            raise self.fault("syntax", "expected a test, which begins with its path, such as qa.score < 0.7")
        path, end = scan_path(self.text, self.at, self.limits.max_path, self.limits.max_segments)
        self._move_to(end)
        return path

    def operator(self) -> str | None:
        """Move past a comparison operator; None if nothing like one comes next.

        Raises:
            PredicateError: `unknown_operator`.
        """
        found = _SYMBOL.match(self.text, self.at)
        if found is None:
            return None
        if found[0] not in OPERATORS:
            hint = operator_meant(found[0], OPERATORS)
            raise self.fault("unknown_operator", f"there is no operator {found[0][:20]}{hint}", found[0])
        self._move_to(found.end())
        return found[0]

    def literal(self) -> object:
        """Move past a string, a number, true, false or null.

        Raises:
            PredicateError: `syntax` or `bad_literal`.
        """
        if self.sees('"'):
            return self._string()
        if number := _NUMBER.match(self.text, self.at):
            return self._number(number)
        word = _WORD.match(self.text, self.at)
        if word is None:
            raise self.fault("syntax", 'expected a literal: "text", 0.7, true, false or null')
        if word[0] not in _CONSTANTS:
            raise self.fault("bad_literal", f'expected a literal; write text in quotes, "{word[0][:40]}"', word[0])
        self._move_to(word.end())
        return _CONSTANTS[word[0]]

    def fault(self, code: str, message: str, value: str | None = None, at: int | None = None) -> PredicateError:
        """Return the refusal of what stands at a place, by default the next word."""
        place = self.at if at is None else at
        seen = self.text[place : place + 40] if value is None else value
        return refusal(code, message, column=place + 1, value=shown(seen) if seen else "the end")

    def _string(self) -> str:
        found = scan_quoted(self.text, self.at)
        if found is None:
            raise self.fault("bad_literal", 'not a JSON string: end it with ", and escape \\ and " inside')
        self._move_to(found[1])
        return found[0]

    def _number(self, number: re.Match[str]) -> int | float:
        if len(number[0]) > _MAX_DIGITS:  # int() of thousands of digits raises
            raise self.fault("bad_literal", "too many digits; write a large number as 1e16")
        self._move_to(number.end())
        return float(number[0]) if number[1] or number[2] else int(number[0])

    def _move_to(self, place: int) -> None:
        space = _SPACE.match(self.text, place)
        self.at = space.end() if space else place
