"""The closures against a slow reference interpreter that shares no code with them."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.predicate_cases import EXAMPLES, TREES, facets_for
from tests.property.reference_predicate import json_of, judge, text_of

from flexes.envelope.paths import MISSING
from flexes.predicate.compile import compile_when
from flexes.predicate.explain import explain
from flexes.predicate.parse import parse_when
from flexes.predicate.verdict import letter

LENIENT = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@LENIENT
@given(data=st.data())
def test_closures_say_what_the_reference_says(data: st.DataObject) -> None:
    """On any predicate, either spelling, and any facets, closures and reference agree; nothing raises."""
    tree: Any = data.draw(TREES)
    facets = data.draw(facets_for(tree))
    expected = judge(tree, facets)
    for source in (text_of(tree), json_of(tree)):
        verdict = compile_when(parse_when(source))(lambda name: facets.get(name, MISSING))
        assert letter(verdict) == expected, (source, facets, verdict)


@settings(LENIENT, max_examples=max(EXAMPLES // 10, 100))
@given(data=st.data())
def test_explaining_never_raises(data: st.DataObject) -> None:
    """`explain` reports every leaf of any predicate on any facets, in short text."""
    tree: Any = data.draw(TREES)
    facets = data.draw(facets_for(tree))
    reports = explain(parse_when(text_of(tree)), lambda name: facets.get(name, MISSING))
    assert reports
    assert all(len(report.seen) <= 80 for report in reports)
