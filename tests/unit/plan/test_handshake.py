"""What a planner may answer, as it arrives: models, or plain documents told apart by their keys (semantics 9)."""

from typing import Any

import pytest
from pydantic import ValidationError

from flexes.plan.handshake import Crashed, Decline, Delta, Draft, PlannerAnswer


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"nodes": [{"id": "a", "capability": "writer"}]}, Draft),
        ({"add": [], "remove": ["a"], "rationale": "less"}, Delta),
        ({"reject": "cannot help"}, Decline),
        ({"decline": "cannot help"}, Decline),
        ({"type": "crashed", "reason": "boom"}, Crashed),
    ],
)
def test_an_answer_is_told_by_its_keys(document: dict[str, Any], expected: type) -> None:
    """A planner need not name the type of its answer."""
    assert isinstance(PlannerAnswer.model_validate({"answer": document}).answer, expected)


@pytest.mark.parametrize("document", [{"nodes": []}, {"add": [{"id": "a"}]}, {"ad": []}, "garbage", None])
def test_garbage_is_refused(document: object) -> None:
    """What is neither draft, delta nor decline is refused, unknown keys included."""
    with pytest.raises(ValidationError):
        PlannerAnswer.model_validate({"answer": document})
