"""Effects: what a run waits for from the world. Each has a stable id: any queue may deliver it more than once."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from flexes.ids import OperationId, RunId, derived_id
from flexes.plan.handshake import PlannerRequest


class InvokeCapability(NamedTuple):
    """Run a capability for an attempt that has started; the same operation id each time it is asked for."""

    operation_id: OperationId
    node_id: str
    attempt: int
    capability_id: str
    inputs: Mapping[str, Any]
    previous: Mapping[str, Any] | None
    deadline_at: str | None


class CallPlanner(NamedTuple):
    """Ask the planner."""

    request: PlannerRequest


class WaitForTimer(NamedTuple):
    """Come back at this instant with FireTimer."""

    timer_id: str
    due_at: str


class AskHuman(NamedTuple):
    """Get a decision on an open request."""

    request_id: str
    node_id: str | None
    policy_id: str | None
    rationale: str | None


Effect = InvokeCapability | CallPlanner | WaitForTimer | AskHuman


@lru_cache(maxsize=4096)
def operation_id(run_id: RunId, node_id: str, attempt: int) -> OperationId:
    """Return the id under which an attempt is invoked, however often."""
    return OperationId(derived_id(run_id, "operation", node_id, attempt))
