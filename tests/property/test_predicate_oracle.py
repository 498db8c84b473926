"""The closures against a slow reference interpreter that shares no code with them."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.predicate_cases import EXAMPLES, PAIRS_PER_TREE, TREES, facets_for, neighbours
from tests.property.reference_predicate import json_of, judge, text_of

from flexes.envelope.paths import MISSING
from flexes.predicate.compile import compile_when
from flexes.predicate.explain import explain
from flexes.predicate.fetch import Lookup
from flexes.predicate.parse import parse_when
from flexes.predicate.verdict import letter

LENIENT = settings(
    max_examples=max(EXAMPLES // PAIRS_PER_TREE, 100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@LENIENT
@given(data=st.data())
def test_closures_say_what_the_reference_says(data: st.DataObject) -> None:
    """On any predicate, either spelling, and any facets, closures and reference agree; nothing raises."""
    tree: Any = data.draw(TREES)
    facets = data.draw(facets_for(tree))
    from_text, from_json = (compile_when(parse_when(source)) for source in (text_of(tree), json_of(tree)))
    for document in (facets, *neighbours(tree, facets)):
        expected = judge(tree, document)
        for compiled in (from_text, from_json):
            verdict = compiled(lookup(document))
            assert letter(verdict) == expected, (text_of(tree), document, verdict)


@settings(LENIENT, max_examples=200)
@given(data=st.data())
def test_explaining_never_raises(data: st.DataObject) -> None:
    """`explain` reports every leaf of any predicate on any facets, in short text."""
    tree: Any = data.draw(TREES)
    facets = data.draw(facets_for(tree))
    reports = explain(parse_when(text_of(tree)), lookup(facets))
    assert reports
    assert all(len(report.seen) <= 80 for report in reports)


def lookup(document: dict[str, Any]) -> Lookup:
    """Return the lookup of facets that are held in a dict."""
    return lambda name: document.get(name, MISSING)
