"""The `when` of an authored document as a pydantic field: parsed on the way in, canonical JSON on the way out."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from flexes.envelope.model import Model, Name
from flexes.envelope.paths import parse_path
from flexes.errors import PredicateError
from flexes.predicate.ast import When
from flexes.predicate.condition import parse_condition
from flexes.predicate.parse import parse_when
from flexes.predicate.printer import print_text, to_json


def refusal(error: PredicateError) -> PydanticCustomError:
    """Return a predicate's refusal as the pydantic error that carries its pointer and value, as text that it takes."""
    problem = error.problem
    return PydanticCustomError(
        problem.code,  # pyright: ignore[reportArgumentType]  (codes come from a closed list)
        "{message}",
        {
            "message": _well_formed(problem.message),
            "pointer": _well_formed(problem.pointer),
            "value": _well_formed(problem.value),
            "column": error.column,
        },
    )


def _well_formed(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _parse(source: Any) -> Any:
    if isinstance(source, Model):
        return source
    try:
        return parse_when(source)
    except PredicateError as error:
        raise refusal(error) from None


def _import(source: Any) -> Any:
    if isinstance(source, Model):
        return source
    try:
        return parse_condition(source)
    except PredicateError as error:
        raise refusal(error) from None


def _checked_path(text: str) -> str:
    try:
        parse_path(text)
    except PredicateError as error:
        raise refusal(error) from None
    return text


def _exported(condition: When) -> dict[str, str]:
    return {"dsl": print_text(condition)}


Predicate = Annotated[
    When,
    BeforeValidator(_parse),
    PlainSerializer(to_json),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1}]}),
]
"""A `when` as authored: text or JSON in, canonical JSON out."""

Condition = Annotated[
    When,
    BeforeValidator(_import),
    PlainSerializer(_exported),
    WithJsonSchema({"type": "object"}),
]
"""A `trigger.condition` of an earlier envelope, translated into the same AST."""

FacetPath = Annotated[Name, AfterValidator(_checked_path)]
"""A facet path as text."""
