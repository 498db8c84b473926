"""JSON strings, written and read without a JSON library: quoted keys of paths, literals of predicates."""

import re
from typing import Final

_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
# C0, C1, line and paragraph separators, direction marks: nothing that could break or disguise a line of log
_UNSAFE = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]')
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def quoted(text: str) -> str:
    """Return the text as a JSON string on one line."""
    return '"' + _UNSAFE.sub(_escape, text) + '"'


def scan_quoted(text: str, start: int) -> tuple[str, int] | None:
    """Return the JSON string that begins at `start` and where it ends; None if there is none well-formed."""
    found = _STRING.match(text, start)
    if found is None:
        return None
    try:
        # escaped surrogate pairs become one character; a lone surrogate is not text
        plain = _ESCAPED.sub(_unescape, found[1]).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return None
    return plain, found.end()


def _escape(found: re.Match[str]) -> str:
    return f"\\{found[0]}" if found[0] in '"\\' else f"\\u{ord(found[0]):04x}"


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2])
