"""What the analysis claims is never contradicted."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.predicate_cases import EXAMPLES, TREES, facets_for, neighbours
from tests.property.reference_predicate import text_of

from flexes.predicate.analysis import always, example, never, never_false
from flexes.predicate.ast import leaves_of, stored_path
from flexes.predicate.compile import evaluate
from flexes.predicate.parse import parse_when
from flexes.predicate.samples import samples
from flexes.predicate.verdict import letter

FEW = settings(
    max_examples=max(EXAMPLES // 40, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

_PATHS = st.sampled_from(("a", "a.x", "b[*]", "b"))
_SIZED = ("nonEmpty({})", "count({}) > 1", "count({}) < 2", "includes({}, 1)", "includes({}, null)")
_COMPARED = (
    "exists(a)",
    "a < 1",
    "a > 1",
    "a = 1",
    "a != 1",
    "a = null",
    'a = "x"',
    "a",
    "a.x > 0.5",
    "a.x < 0.5",
)
_TEST = st.builds(
    lambda negated, path, test: f"{'!' if negated else ''}({test.format(path)})",
    st.booleans(),
    _PATHS,
    st.sampled_from((*_SIZED, *_COMPARED)),
)
_TIGHT = st.builds(
    lambda tests, joint: joint.join(tests),
    st.lists(_TEST, min_size=2, max_size=5),
    st.sampled_from((" && ", " || ")),
)
"""Texts whose tests are so close together that they often contradict or complete one another."""


@FEW
@given(data=st.data())
def test_claims_hold_on_random_documents(data: st.DataObject) -> None:
    """A predicate that never, always or never falsely matches does so on every document."""
    tree: Any = data.draw(TREES)
    ast = parse_when(data.draw(st.just(text_of(tree)) | _TIGHT))
    claims = never(ast), always(ast), never_false(ast)
    facets = data.draw(facets_for(tree))
    for document in (facets, *neighbours(tree, facets)):
        found = letter(evaluate(ast, document))
        assert not (claims[0] and found == "T")
        assert not (claims[1] and found != "T")
        assert not (claims[2] and found == "F")


@FEW
@given(source=_TIGHT)
def test_claims_hold_on_the_documents_that_decide(source: str) -> None:
    """The claims also hold on each sample of each path, where a wrong claim would show first."""
    ast = parse_when(source)
    claims = never(ast), always(ast), never_false(ast)
    leaves = list(leaves_of(ast))
    for leaf in leaves:
        for document in samples(stored_path(leaf.path), leaves, 1000) or ():
            found = letter(evaluate(ast, document))
            assert not (claims[0] and found == "T")
            assert not (claims[1] and found != "T")
            assert not (claims[2] and found == "F")


@FEW
@given(tree=TREES)
def test_an_example_matches(tree: Any) -> None:
    """An example document is one on which the predicate matches, so there is none where it never does."""
    ast = parse_when(text_of(tree))
    document = example(ast)
    if document is not None:
        assert evaluate(ast, document).outcome == "matched"
        assert not never(ast)
