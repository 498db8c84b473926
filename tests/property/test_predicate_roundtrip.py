"""The printer and the parsers are inverse to one another."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.property.predicate_cases import EXAMPLES, TREES
from tests.property.reference_predicate import json_of, path_of, text_of

from flexes.envelope.paths import parse_path, print_path
from flexes.errors import PredicateError
from flexes.predicate.ast import When
from flexes.predicate.parse import parse_when
from flexes.predicate.printer import digest, print_text, to_json

ADAPTER: TypeAdapter[When] = TypeAdapter(When)
FEW = settings(max_examples=max(EXAMPLES // 20, 200), deadline=None)

WORDS = ("and", "not", "a.b", "$count", "<", "a < 1", "((", 'a = "')
KEYS = ("and", "or", "not", "a", "a.b", "$includes", "<", "$x", "var", "")
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
)


@FEW
@given(tree=TREES)
def test_both_spellings_read_back_to_the_same_predicate(tree: Any) -> None:
    """parse(print(ast)) == ast and parse(to_json(ast)) == ast, from either spelling, with one digest."""
    ast = parse_when(text_of(tree))
    assert parse_when(json_of(tree)) == ast
    for again in (parse_when(print_text(ast)), parse_when(to_json(ast))):
        assert again == ast
        assert digest(again) == digest(ast)


@FEW
@given(tree=TREES)
def test_a_stored_predicate_loads_unchanged(tree: Any) -> None:
    """The models dump to plain JSON, with or without nulls, and load back equal."""
    ast = parse_when(text_of(tree))
    for without_nulls in (False, True):
        stored = ADAPTER.dump_json(ast, exclude_none=without_nulls, by_alias=True)
        assert ADAPTER.validate_json(stored) == ast


@FEW
@given(
    root=st.text(min_size=1, max_size=20),
    keys=st.lists(st.text(max_size=20) | st.integers(-99, 99), max_size=5),
)
def test_paths_of_any_keys_read_back(root: str, keys: list[Any]) -> None:
    """A printed path reads back equal, whatever its keys are."""
    assume(not root.startswith("$"))
    path = parse_path(path_of([root, *keys]), max_chars=2000)
    assert path.root == root
    assert list(path.segments) == keys
    assert parse_path(print_path(path), max_chars=2000) == path


@FEW
@given(source=ANY_JSON)
def test_any_input_is_parsed_or_refused(source: Any) -> None:
    """Whatever JSON is given as a `when`, it is a predicate or one PredicateError, never another error."""
    parsed = parsed_or_refused(source)
    if isinstance(parsed, PredicateError):
        assert parsed.problem.code
        assert parsed.problem.message
    else:
        assert parse_when(to_json(parsed)) == parsed


@FEW
@given(text=st.text(alphabet='ab.[]*"0-1<>=!&|()$,\\ nort', max_size=30))
def test_any_text_is_parsed_or_refused_with_a_column(text: str) -> None:
    """Whatever text is given, it is a predicate or one PredicateError with a column inside the text."""
    parsed = parsed_or_refused(text)
    if isinstance(parsed, PredicateError):
        assert parsed.column is not None
        assert 1 <= parsed.column <= len(text) + 1
    else:
        assert parse_when(print_text(parsed)) == parsed


def parsed_or_refused(source: Any) -> When | PredicateError:
    """Return what the parser returned or raised."""
    try:
        return parse_when(source)
    except PredicateError as error:
        return error
