"""JSON Schema checks: every fault with its place, no reference ever fetched."""

from typing import Any

import pytest

from flexes.envelope.schemas import MAX_ISSUES, schema_fault, schema_issues


@pytest.mark.parametrize(
    "schema", [{}, {"type": "object"}, {"$schema": "http://json-schema.org/draft-07/schema#", "type": "array"}]
)
def test_usable_schemas(schema: dict[str, Any]) -> None:
    """A schema of draft 2020-12, or of the draft that it names, is usable."""
    assert schema_fault(schema) is None


@pytest.mark.parametrize(
    ("schema", "place"),
    [({"type": 5}, "type"), ({"properties": {"a": {"type": "nothing"}}}, "properties"), ({"minimum": "x"}, "minimum")],
)
def test_unusable_schemas(schema: dict[str, Any], place: str) -> None:
    """A schema that is none is refused, with its place."""
    fault = schema_fault(schema)
    assert fault is not None
    assert place in fault


def test_issues_name_their_place() -> None:
    """Each issue has the JSON pointer of its place, escaped, at most MAX_ISSUES of them."""
    schema = {"properties": {"a/b": {"properties": {"c~d": {"items": {"type": "string"}}}}}}
    [issue] = schema_issues(schema, {"a/b": {"c~d": ["x", 5]}})
    assert issue.pointer == "/a~1b/c~0d/1"
    assert len(schema_issues({"items": {"type": "string"}}, list(range(50)))) == MAX_ISSUES
    assert schema_issues({"type": "object"}, {}) == ()


def test_references_stay_inside() -> None:
    """A reference into the schema works; one to elsewhere is an issue, not a request over the network."""
    inside = {"$defs": {"s": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/s"}}}
    assert [issue.pointer for issue in schema_issues(inside, {"a": 5})] == ["/a"]
    outside = {"properties": {"a": {"$ref": "http://localhost:9/never"}}}
    [issue] = schema_issues(outside, {"a": 5})
    assert "never" in issue.message


@pytest.mark.parametrize("value", [[], {}, None, 5, "x", 1.5, True])
def test_no_value_makes_it_raise(value: Any) -> None:
    """Checking returns issues whatever the value is."""
    for schema in ({"type": "string"}, {"minimum": 3}, {"required": ["a"]}, {"pattern": "^a"}, {"format": "date"}):
        assert isinstance(schema_issues(schema, value), tuple)


def test_recursion_without_end_is_an_issue() -> None:
    """A schema that refers to itself without end, or a value too deep for a recursive one, raises nothing."""
    [issue] = schema_issues({"$ref": "#"}, 5)
    assert "without end" in issue.message
    node = {"anyOf": [{"type": "integer"}, {"allOf": [{"$ref": "#/$defs/branch"}]}]}
    branch = {"type": "object", "additionalProperties": {"oneOf": [{"$ref": "#/$defs/node"}]}}
    value: Any = 1
    for _ in range(190):
        value = {"a": value}
    assert isinstance(schema_issues({"$defs": {"node": node, "branch": branch}, "$ref": "#/$defs/node"}, value), tuple)


def test_a_schema_nested_too_deep_is_a_fault() -> None:
    """A schema that cannot even be checked is refused with the remedy, and raises nothing."""
    schema: dict[str, Any] = {}
    for _ in range(3_000):
        schema = {"not": schema}
    assert "nested too deep" in str(schema_fault(schema))
