"""The search for facets on which a predicate is, or is not, true or false.

Every path has its samples (`samples.py`); every leaf, by the real closures, a letter on each of them. What is
wanted of the whole is taken apart into what is wanted of leaves: a bit mask a path, narrowed leaf by leaf.
Where one of several tests is enough, each is tried.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from pydantic import JsonValue

from flexes.envelope.paths import MISSING
from flexes.predicate.ast import And, Leaf, Not, Or, When, leaves_of, stored_path
from flexes.predicate.compile_leaf import Test, compile_leaf
from flexes.predicate.fetch import Lookup
from flexes.predicate.limits import Limits
from flexes.predicate.samples import Document, samples
from flexes.predicate.verdict import letter

Masks: TypeAlias = dict[str, int]
"""By path, which samples are still possible, a bit each."""

_MAX_STEPS: Final = 5_000
_TRIES: Final = 3


class GaveUp(Exception):
    """The search took too long; nothing is known."""


class Goal(NamedTuple):
    """That a test is, or where `holds` is false is not, true or false."""

    test: When
    letter: Literal["T", "F"]
    holds: bool


class Search:
    """The samples of a predicate's paths, and how many steps were taken."""

    def __init__(self, ast: When, limits: Limits) -> None:
        self._steps = 0
        self._samples: dict[str, tuple[Document, ...] | None] = {}
        self._letters: dict[Leaf, str] = {}
        by_path: dict[str, list[Leaf]] = {}
        for leaf in leaves_of(ast):
            by_path.setdefault(leaf.path, []).append(leaf)
        for path, leaves in by_path.items():
            documents = samples(stored_path(path), leaves, limits.max_scan)
            self._samples[path] = documents
            for leaf in leaves:
                self._letters[leaf] = _letters(compile_leaf(leaf, limits), documents or ())

    def solutions(
        self, goals: Sequence[Goal], masks: Masks | None = None, choices: Sequence[list[Goal]] = ()
    ) -> Iterator[Masks]:
        """Yield what each path may hold so that all goals are met; a path not named may hold anything.

        Raises:
            GaveUp: The search is too long.
        """
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise GaveUp
        narrowed, opened, pending = dict(masks or {}), list(choices), list(goals)
        while pending:
            goal = pending.pop()
            parts = _parts(goal)
            if not parts:
                if not self._narrow(narrowed, goal):
                    return
            elif _needs_all(goal):
                pending.extend(parts)
            else:
                opened.append(parts)
        yield from self._choose(narrowed, sorted(opened, key=len))

    def documents(self, masks: Masks) -> Iterator[Document]:
        """Yield facets put together from samples that a solution allows; overlapping paths may not fit."""
        for index in range(_TRIES):
            for longest_first in (True, False):
                paths = sorted(masks, key=len, reverse=longest_first)
                merged: JsonValue = {}
                for path in paths:
                    merged = _merged(merged, self._sample(path, masks[path], index))
                if isinstance(merged, dict):
                    yield merged

    def _choose(self, masks: Masks, opened: list[list[Goal]]) -> Iterator[Masks]:
        if not opened:
            yield masks
            return
        for goal in opened[0]:
            yield from self.solutions([goal], masks, opened[1:])

    def _narrow(self, masks: Masks, goal: Goal) -> bool:
        """Keep the samples of the leaf's path that meet the goal; False where none is left."""
        leaf = goal.test
        assert not isinstance(leaf, And | Or | Not)
        if self._samples[leaf.path] is None:
            return True
        seen = self._letters[leaf]
        mask = sum(1 << index for index, found in enumerate(seen) if (found == goal.letter) is goal.holds)
        masks[leaf.path] = masks.get(leaf.path, -1) & mask
        return masks[leaf.path] != 0

    def _sample(self, path: str, mask: int, index: int) -> JsonValue:
        documents = self._samples[path] or ()
        allowed = [document for bit, document in enumerate(documents) if mask >> bit & 1]
        return dict(allowed[min(index, len(allowed) - 1)])


def _letters(test: Test, documents: Sequence[Document]) -> str:
    return "".join(letter(test(_lookup(document))) for document in documents)


def _lookup(document: Document) -> Lookup:
    return lambda name: document.get(name, MISSING)


def _parts(goal: Goal) -> list[Goal]:
    match goal.test:
        case And() | Or():
            return [goal._replace(test=test) for test in goal.test.tests]
        case Not():
            return [Goal(goal.test.test, "F" if goal.letter == "T" else "T", goal.holds)]
        case _:
            return []


def _needs_all(goal: Goal) -> bool:
    """Return whether every part must meet the goal: AND is true, or is not false, only if all parts are."""
    if isinstance(goal.test, Not):
        return True
    return ((goal.letter == "T") == isinstance(goal.test, And)) is goal.holds


def _merged(first: JsonValue, second: JsonValue) -> JsonValue:
    """Return both values in one; where they differ, the first."""
    if isinstance(first, dict) and isinstance(second, dict):
        both = {key: _merged(first[key], second[key]) for key in first if key in second}
        return {**second, **first, **both}
    if isinstance(first, list) and isinstance(second, list):
        both_have = min(len(first), len(second))
        merged = [_merged(one, other) for one, other in zip(first, second, strict=False)]
        return merged + (first if len(first) > len(second) else second)[both_have:]
    return second if first is None else first
