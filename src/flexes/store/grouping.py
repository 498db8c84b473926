"""Outcomes of directives as they are stored: neighbours of one outcome and one reason are a group, said once.

Of the directives that look at a signal most say the same, and they say it after every node of a run.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

Outcomes = tuple[tuple[str, str, str | None], ...]
"""Directive id, outcome and reason of each."""

Group = tuple[str | None, ...]
"""Outcome and reason, then the ids of the directives that came to it one after the other."""

_MAX_KEPT: Final = 256
_said: Final = itemgetter(1, 2)


@lru_cache(maxsize=_MAX_KEPT)
def grouped(outcomes: Outcomes) -> Sequence[Group]:
    """Return the outcomes as groups, in their order."""
    return [(*said, *(outcome[0] for outcome in group)) for said, group in groupby(outcomes, _said)]


def ungrouped(groups: Iterable[Iterable[Any]]) -> Outcomes:
    """Return the outcomes of groups; equal groups have the same outcomes, not only equal ones."""
    return _ungrouped(tuple(map(tuple, groups)))


@lru_cache(maxsize=_MAX_KEPT)
def _ungrouped(groups: tuple[tuple[Any, ...], ...]) -> Outcomes:
    return tuple([(directive, outcome, reason) for outcome, reason, *directives in groups for directive in directives])
