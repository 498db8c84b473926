"""The importer for `trigger.condition` of earlier envelopes, JSON-Logic or `{"dsl": "..."}`, to the AST."""

from pydantic import JsonValue

from flexes.errors import PredicateError
from flexes.predicate.ast import When
from flexes.predicate.json_logic import from_json_logic
from flexes.predicate.limits import DEFAULT_LIMITS, Limits, check_size
from flexes.predicate.parse import within
from flexes.predicate.refusal import at_pointer, refusal, shown
from flexes.predicate.text_form import parse_text


def parse_condition(source: JsonValue, limits: Limits = DEFAULT_LIMITS) -> When:
    """Return the predicate that a condition means (semantics 5).

    Raises:
        PredicateError: What does not translate is `json_logic` or `unknown_operator`, with the rewrite.
    """
    check_size(source, limits)
    if isinstance(source, dict) and "dsl" in source:
        return within(_dsl(source, limits), limits)
    return within(from_json_logic(source, limits), limits)


def _dsl(source: dict[str, JsonValue], limits: Limits) -> When:
    text = source["dsl"]
    if not isinstance(text, str) or len(source) > 1:
        raise refusal("bad_shape", 'expected {"dsl": "qa.score < 0.7"} and no other key', value=shown(text))
    try:
        return parse_text(text, limits)
    except PredicateError as error:
        raise at_pointer(error, "/dsl", error.column) from None
