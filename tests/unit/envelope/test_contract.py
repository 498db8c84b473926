"""The three output contracts (semantics 4)."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from flexes.envelope.contract import OutputContract, contract_facets

CONTRACT: TypeAdapter[Any] = TypeAdapter(OutputContract)


@pytest.mark.parametrize(
    ("document", "facets"),
    [
        ({"mode": "facets", "facets": ["b", "a"]}, ("b", "a")),
        ({"mode": "json_schema", "schema": {"properties": {"x": {}, "y": {}}}}, ("x", "y")),
        ({"mode": "json_schema", "schema": {"type": "object"}}, ()),
        ({"mode": "freeform"}, ()),
        ({"mode": "freeform", "instructions": "short"}, ()),
    ],
)
def test_the_facets_of_a_contract(document: dict[str, Any], facets: tuple[str, ...]) -> None:
    """A contract names its facets in its order; freeform names none."""
    assert contract_facets(CONTRACT.validate_python(document)) == facets


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"mode": "poem"},
        {"mode": "facets"},
        {"mode": "facets", "facets": []},
        {"mode": "facets", "facets": [""]},
        {"mode": "facets", "facets": ["a"], "schema": {}},
        {"mode": "json_schema"},
        {"mode": "json_schema", "schema": 5},
        {"mode": "freeform", "facets": ["a"]},
    ],
    ids=repr,
)
def test_no_contract(document: dict[str, Any]) -> None:
    """A contract has what its mode needs and nothing else."""
    with pytest.raises(ValidationError):
        CONTRACT.validate_python(document)
