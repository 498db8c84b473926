"""Policies to normalize and refuse, over one small catalog."""

from typing import Any

import pytest

from flexes.envelope.capability import Catalog
from flexes.errors import InvalidDocument, Problem
from flexes.policy.authored import TaskPolicies
from flexes.policy.context import Directive, PolicyContext
from flexes.policy.normalize import normalize
from flexes.policy.problems import validated
from flexes.policy.signal import NodeSeen

CATALOG = Catalog.model_validate(
    {
        "capabilities": [
            {"id": "write", "outputs": ["copy"], "tags": ["llm", "text"]},
            {"id": "judge", "kind": "validation", "inputs": ["copy"], "outputs": ["review"]},
        ]
    }
)


def context_of(**policies: Any) -> PolicyContext:
    """Return the context of these policies."""
    return normalize(validated(TaskPolicies, policies, "policies"), CATALOG)


def directive_of(**policies: Any) -> Directive:
    """Return the one directive that these policies come to."""
    [directive] = context_of(**policies).directives
    return directive


def threshold(group: str, **fields: Any) -> Directive:
    """Return what one threshold compiles to."""
    return directive_of(thresholds={group: [{"id": "t", **fields}]})


def refused(**policies: Any) -> tuple[Problem, ...]:
    """Return why these policies are refused."""
    with pytest.raises(InvalidDocument) as error:
        validated(TaskPolicies, policies, "policies")
    return error.value.problems


def runtime(**fields: Any) -> dict[str, Any]:
    """Return one runtime directive as policies."""
    return {"runtime": [{"id": "r", "action": {"type": "emit", "event": "e"}, **fields}]}


def seen(**fields: Any) -> NodeSeen:
    """Return a node as selectors see it."""
    plain: dict[str, Any] = {
        "id": "draft",
        "capability": "write",
        "kind": "execution",
        "stage": None,
        "tags": ("llm", "text"),
        "attempt": 1,
        "latency_ms": None,
        "cost": None,
    }
    return NodeSeen(**{**plain, **fields})
