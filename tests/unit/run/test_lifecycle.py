"""The chart against a table that was written by hand from semantics 2."""

from itertools import product

import pytest

from flexes.run.events import EVENT_TYPES
from flexes.run.lifecycle import ACTIVE, FINAL, SUSPENDED, allows, transitions

OPEN = ("planning", "running", "replanning", "paused", "awaiting_hitl")
STATUSES = (*OPEN, "completed", "failed", "cancelled")

ONLY = {
    "NodeStarted": {"running"},
    "RewriteStarted": {"running"},
    "Completed": {"running"},
    "Resumed": {"paused"},
    "HitlResolved": {"paused", "awaiting_hitl"},
    "PlanGenerated": {"planning", "paused"},
    "PlanUpdated": {"replanning", "paused", "awaiting_hitl"},
    "PlanRejected": {"planning", "replanning", "paused", "awaiting_hitl"},
    "RunStarted": set[str](),
}
"""Where an event is allowed; any other in every open status. A planner answers only while it is asked."""

LEADS = {
    "Completed": {"completed"},
    "Failed": {"failed"},
    "Cancelled": {"cancelled"},
    "Paused": {"paused"},
    "Resumed": {"planning", "running", "replanning", "awaiting_hitl"},
}
"""Where an event leads from any status in which it is allowed."""


def expected(status: str, event: str) -> set[str] | None:
    """Return where semantics 2 lets an event lead, None where it is not allowed."""
    if status not in ONLY.get(event, set(OPEN)) or status in FINAL:
        return None
    if event in LEADS:
        return LEADS[event]
    if status == "paused":
        return {"paused"}
    if event == "HitlRequested":
        return {"awaiting_hitl"}
    if event == "HitlResolved":
        return {"awaiting_hitl", "planning", "running", "replanning"}
    if status == "awaiting_hitl":
        return {"awaiting_hitl"}
    after = {
        "PlanGenerated": "running",
        "PlanUpdated": "running",
        "PlanRequested": "planning" if status == "planning" else "replanning",
        "PlanRejected": "planning" if status == "planning" else "running",
    }
    return {after.get(event, status)}


@pytest.mark.parametrize("event", EVENT_TYPES)
@pytest.mark.parametrize("status", STATUSES)
def test_each_cell(status: str, event: str) -> None:
    """Each event is allowed and leads exactly where semantics 2 says."""
    found = transitions().get((status, event))
    wanted = expected(status, event)
    assert (None if found is None else set(found)) == wanted
    assert allows(status, event) is (wanted is not None)


def test_the_statuses() -> None:
    """Three kinds of statuses, none in two of them; a final one has no way out."""
    assert set(STATUSES) == ACTIVE | SUSPENDED | FINAL
    assert len(STATUSES) == len(ACTIVE) + len(SUSPENDED) + len(FINAL)
    assert not any(allows(status, event) for status, event in product(FINAL, EVENT_TYPES))


def test_every_status_can_be_left_and_reached() -> None:
    """There is a way from the start to every status, and from every open one to each end."""
    reached, before = {"planning"}, set[str]()
    while reached != before:
        before = set(reached)
        reached |= {target for (status, _), targets in transitions().items() if status in before for target in targets}
    assert reached == set(STATUSES)
    for status in OPEN:
        assert allows(status, "Failed")
        assert allows(status, "Cancelled")
