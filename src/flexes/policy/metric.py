"""Metrics in predicates: a name in the outcome's metrics, else a facet path, as one test over the same AST."""

from flexes.envelope.paths import Path, parse_path, print_path
from flexes.errors import PredicateError
from flexes.predicate.ast import When
from flexes.predicate.parse import parse_when
from flexes.predicate.printer import paths_of


def metric_test(metric: str, op: str, bound: float) -> When:
    """Return the test that the metric, wherever it is found, compares to the bound; a missing one is missing."""
    reported = print_path(Path("$signal", ("metrics", metric)))
    facet = facet_path(metric)
    if facet is None:
        return parse_when({reported: {op: bound}})
    return parse_when(
        {
            "or": [
                {"and": [{reported: {"$exists": True}}, {reported: {op: bound}}]},
                {"and": [{reported: {"$exists": False}}, {print_path(facet): {op: bound}}]},
            ]
        }
    )


def facet_path(metric: str) -> Path | None:
    """Return the metric as a facet path, or None where it can only be a metric's name."""
    try:
        return parse_path(metric)
    except PredicateError:
        return None


def read_facets(when: When | None) -> tuple[str, ...]:
    """Return the facets that a test reads, in order, without the `$` roots."""
    if when is None:
        return ()
    return tuple(dict.fromkeys(path.root for path in paths_of(when) if not path.root.startswith("$")))
