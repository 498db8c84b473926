"""What a predicate says of a run's facets.

| letter | a test | outcome | reason |
|---|---|---|---|
| T | true | matched | |
| F | false | skipped | false |
| M | a facet is missing | skipped | missing |
| E | a value has the wrong type | invalid | `qa.score: expected number, got string` |
"""

from typing import Final, Literal, NamedTuple, TypeAlias

Outcome: TypeAlias = Literal["matched", "skipped", "invalid"]
Letter: TypeAlias = Literal["T", "F", "M", "E"]


class Verdict(NamedTuple):
    """The outcome of a predicate and why; the first three below are the only ones that are not `invalid`."""

    outcome: Outcome
    reason: str


MATCHED: Final = Verdict("matched", "")
FALSE: Final = Verdict("skipped", "false")
MISSED: Final = Verdict("skipped", "missing")


def letter(verdict: Verdict) -> Letter:
    """Return the verdict in the four-valued logic."""
    if verdict.outcome == "invalid":
        return "E"
    if verdict.outcome == "matched":
        return "T"
    return "F" if verdict.reason == "false" else "M"
