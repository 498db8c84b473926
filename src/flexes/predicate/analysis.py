"""What can be said of a predicate before any run: whether it ever or always matches, and an example.

Each path is judged by itself, over the values that its leaves can tell apart. What is claimed holds for every
document. What is not claimed may still be so, where paths lie inside one another or the search is too long.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from flexes.envelope.paths import WILDCARD, Path
from flexes.predicate.ast import And, Compare, Exists, Not, Or, When, leaves_of, stored_path
from flexes.predicate.compile import evaluate
from flexes.predicate.limits import DEFAULT_LIMITS, Limits
from flexes.predicate.samples import Document
from flexes.predicate.search import GaveUp, Goal, Search

_MAX_SOLUTIONS: Final = 40


def never(ast: When, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Return whether the predicate matches on no facets whatsoever."""
    return _impossible(Goal(ast, "T", True), limits)


def always(ast: When, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Return whether the predicate matches on all facets, also where they are missing or mistyped."""
    return _impossible(Goal(ast, "T", False), limits)


def never_false(ast: When, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Return whether the predicate is false on no facets: it only asks that they are there and well typed."""
    return _impossible(Goal(ast, "F", True), limits)


def example(ast: When, limits: Limits = DEFAULT_LIMITS) -> Document | None:
    """Return facets on which the predicate matches; None where none could be made up."""
    search = Search(ast, limits)
    try:
        for masks in islice(search.solutions([Goal(ast, "T", True)]), _MAX_SOLUTIONS):
            for document in search.documents(masks):
                if evaluate(ast, document, limits).outcome == "matched":
                    return document
    except GaveUp:
        return None
    return None


def unguarded_negations(ast: When) -> tuple[str, ...]:
    """Return the facet paths under `!=` or `not` for which the predicate nowhere asks `exists`.

    On an absent facet such a test is missing and does not match, which authors often do not expect.
    """
    guards = [stored_path(leaf.path) for leaf in leaves_of(ast) if isinstance(leaf, Exists)]
    negated = ((text, stored_path(text)) for text in dict.fromkeys(_negated(ast, within_not=False)))
    return tuple(
        text
        for text, path in negated
        if not path.root.startswith("$") and not any(_guards(guard, path) for guard in guards)
    )


def _impossible(goal: Goal, limits: Limits) -> bool:
    try:
        return next(Search(goal.test, limits).solutions([goal]), None) is None
    except GaveUp:
        return False


def _negated(ast: When, *, within_not: bool) -> Iterator[str]:
    match ast:
        case And() | Or():
            for test in ast.tests:
                yield from _negated(test, within_not=within_not)
        case Not():
            yield from _negated(ast.test, within_not=True)
        case Exists():
            return
        case Compare(op="!=", value=value) if value is not None:
            yield ast.path
        case _ if within_not:
            yield ast.path
        case _:
            return


def _guards(guard: Path, path: Path) -> bool:
    """Return whether the guard asks for the value at the path or inside it; of a `[*]` path, for its list."""
    segments = path.segments
    if WILDCARD in segments:
        segments = segments[: segments.index(WILDCARD)]
    return guard.root == path.root and guard.segments[: len(segments)] == segments
