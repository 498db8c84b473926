"""What a caller hears of a run after a command: where it stands, under which plan, and which policy made it so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flexes.run.state import State
from flexes.view.ending import error_of


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run after a command.

    Attributes:
        id: The run id.
        status: See `flexes.run.lifecycle.Status`.
        version: Version of the run's last event.
        triggered_by: Directives that caused the plan version in force.
        last_action: The last action that took effect: policyId, action, actionDetails, source, nodeId, planVersion.
        error: Why the run failed: code, message, policyId, nodeId, details; None if it did not.
        pending_hitl: Ids of open human requests.
    """

    id: str
    status: str
    version: int
    plan_version: int
    triggered_by: tuple[str, ...]
    last_action: Mapping[str, Any] | None
    output: Any
    error: Mapping[str, Any] | None
    pending_hitl: tuple[str, ...]
    cost_total: float


def report_of(state: State) -> RunReport:
    """Return the report of a state."""
    ending = state.ending
    return RunReport(
        id=state.run_id,
        status=state.status,
        version=state.version,
        plan_version=state.plan_version,
        triggered_by=state.triggered_by,
        last_action=state.last_action,
        output=ending.output if ending else None,
        error=error_of(state),
        pending_hitl=state.open_requests,
        cost_total=state.cost_total,
    )
