"""Capabilities and facets as data (semantics 1)."""

from typing import Any

import pytest
from pydantic import ValidationError

from flexes.envelope.capability import Capability, Catalog


@pytest.mark.parametrize("tags", [["b", "a", "b"], {"a", "b"}, ("b", "a"), frozenset("ab")])
def test_tags_are_sorted_and_unique(tags: Any) -> None:
    """Tags come in any collection and are always the same."""
    assert Capability.model_validate({"id": "c", "tags": tags}).tags == ("a", "b")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "magic"},
        {"cost": -1.0},
        {"latencyMs": -1.0},
        {"timeoutMs": 0.0},
        {"timeoutMs": -5.0},
        {"tags": "llm"},
        {"inputs": [""]},
        {"available": "yes"},
        {"colour": "red"},
    ],
    ids=repr,
)
def test_no_capability(fields: dict[str, Any]) -> None:
    """Units stay in their range and unknown keys are refused."""
    with pytest.raises(ValidationError):
        Capability.model_validate({"id": "c", **fields})


def test_a_catalog_comes_back_from_its_wire_form() -> None:
    """A catalog stored with a run is the catalog that is read back."""
    catalog = Catalog.model_validate(
        {
            "capabilities": [{"id": "a", "outputs": ["x"], "timeoutMs": 5.0}, {"id": "b", "kind": "human"}],
            "facets": {"x": {"schema": {"type": "string"}}, "y": {}},
        }
    )
    assert Catalog.model_validate(catalog.wire()) == catalog
    assert catalog.schema_of("x") == {"type": "string"}
    assert catalog.schema_of("y") is None
    assert catalog.schema_of("z") is None
    assert list(catalog.by_id) == ["a", "b"]
