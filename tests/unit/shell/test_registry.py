"""What a registry refuses when an application registers its capabilities."""

from decimal import Decimal
from typing import Any

import pytest

from flexes.envelope.capability import Capability
from flexes.errors import InvalidDocument
from flexes.shell.registry import CapabilityRegistry

DEEP: dict[str, Any] = {}
for _ in range(3_000):
    DEEP = {"not": DEEP}

OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "a kind that there is not": ({"kind": "wizard"}, "/kind"),
    "a cost that is nothing": ({"cost": None}, "/cost"),
    "a cost as text": ({"cost": "1"}, "/cost"),
    "a cost that is true": ({"cost": True}, "/cost"),
    "a huge cost": ({"cost": 10**400}, "/cost"),
    "no number": ({"cost": float("nan")}, "/cost"),
    "a negative latency": ({"latency_ms": -1}, "/latencyMs"),
    "no time at all": ({"timeout_ms": 0}, "/timeoutMs"),
    "outputs that are nothing": ({"outputs": None}, "/outputs"),
    "outputs as one text": ({"outputs": "copy"}, "/outputs"),
    "a tag that is no text": ({"tags": [1]}, "/tags/0"),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_refused_with_its_place(option: str) -> None:
    """Whatever stands in an option, the refusal is a document's, and names the option."""
    given, pointer = OPTIONS[option]
    with pytest.raises(InvalidDocument) as refused:
        CapabilityRegistry().capability("writer", **given)
    assert [problem.pointer for problem in refused.value.problems] == [pointer]


@pytest.mark.parametrize("schema", [True, [], "string", 5, DEEP, {"type": "wizard"}, {"pattern": "("}])
def test_a_schema_that_is_none_is_refused(schema: Any) -> None:
    """A facet's schema is a JSON Schema that can be checked against, or is refused when it is defined."""
    with pytest.raises(InvalidDocument) as refused:
        CapabilityRegistry().facet("copy", schema=schema)
    assert refused.value.problems[0].code == "bad_facet"


def test_whole_numbers_are_amounts() -> None:
    """An integer or decimal cost or time is taken as the number that it is."""
    registry = CapabilityRegistry()
    registry.capability("writer", cost=Decimal(1), latency_ms=2, timeout_ms=3)(dict)  # type: ignore[arg-type]
    assert registry.catalog.capabilities == (Capability(id="writer", cost=1.0, latency_ms=2.0, timeout_ms=3.0),)
