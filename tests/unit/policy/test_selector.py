"""Which nodes a selector finds (semantics 5)."""

from typing import Any

import pytest
from tests.unit.policy.policy_cases import seen

from flexes.policy.selector import Selector, base_id

FOUND: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"capability": "write"}, True),
    ({"capability": "writ"}, False),
    ({"node": "draft"}, True),
    ({"node": "dra"}, False),
    ({"kind": "execution"}, True),
    ({"kind": "validation"}, False),
    ({"stage": "late"}, False),
    ({"tags": ["llm"]}, True),
    ({"tags": ["llm", "text"]}, True),
    ({"tags": ["llm", "other"]}, False),
    ({"capability": "write", "kind": "validation"}, False),
    ({"capability": "write", "kind": "execution", "node": "draft", "tags": ["text"]}, True),
]


@pytest.mark.parametrize(("selector", "expected"), FOUND)
def test_fields_are_anded(selector: dict[str, Any], expected: bool) -> None:
    """Fields AND together, exactly; tags all-of."""
    assert Selector.model_validate(selector).matches(seen()) is expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("draft~rewrite1", True),
        ("draft~redo2", True),
        ("drafts~rewrite1", False),
        ("draft2", False),
        ("x~draft", False),
    ],
)
def test_a_node_selector_finds_derived_nodes(node: str, expected: bool) -> None:
    """`node: X` also matches nodes derived from X, and nothing that only begins alike."""
    assert Selector(node="draft").matches(seen(id=node)) is expected


def test_the_base_of_a_derived_node() -> None:
    """Everything derived from a node has that node as its base."""
    assert [base_id(node) for node in ("a", "a~rewrite1", "a~rewrite1~redo2")] == ["a", "a", "a"]
