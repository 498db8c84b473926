"""Comparing the output that a page shows with what a command printed.

What differs from run to run is made alike: ids, instants, process ids, durations, table rules, trailing space. A line
`...` in a page stands for any lines, `…` at the end of a line for the rest of it.
"""

import re
from typing import Final

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_RUN: Final = re.compile(rf"(?:\brun |\"runId\":\s*\"|^)({_UUID})", re.MULTILINE)
_ALIKE: Final = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(_UUID), "ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"), "INSTANT"),
    (re.compile(r"\b\d\d:\d\d:\d\d\.\d+"), "TIME"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b"), "SHORT"),
    (re.compile(r"(?<=[Ll]atencyMs[\":]) ?[0-9.e+-]+|(?<=latency_ms=)[0-9.]+"), "N"),
    (re.compile(r"\b[0-9][0-9.,]* (ms|s|events/s)\b"), r"N \1"),
    (re.compile(r"\bpid \d+"), "pid N"),
    (re.compile(r"\bin \d+\.\d+s\b"), "in Ns"),
    (re.compile(r"/tmp/[^\s\"']+?(?=/[\w.-]+\b|$)"), "FOLDER"),
    (re.compile(r"[─━]+"), "─"),
    (re.compile(r"[ \t]+"), " "),
)


def run_named_in(output: str) -> str | None:
    """Return the first run id that an output names."""
    found = _RUN.search(output)
    return found[1] if found else None


def normalized(output: str) -> list[str]:
    """Return the lines of an output with what differs made alike; without blank lines."""
    for pattern, replacement in _ALIKE:
        output = pattern.sub(replacement, output)
    return [line.strip() for line in output.splitlines() if line.strip()]


def agrees(shown: str, printed: str) -> bool:
    """Return whether a page shows what was printed."""
    return re.fullmatch(_pattern(normalized(shown)), "".join(f"{line}\n" for line in normalized(printed))) is not None


def _pattern(lines: list[str]) -> str:
    return "".join(r"(?:.*\n)*?" if line == "..." else _line(line) for line in lines)


def _line(line: str) -> str:
    return "[^\n]*".join(re.escape(part) for part in line.split("…")) + "\n"
