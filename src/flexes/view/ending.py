"""Why a run ended without its output, in the one shape that frames, `show` and summaries share."""

from typing import Any

from flexes.run.state import State


def error_of(state: State) -> dict[str, Any] | None:
    """Return `{code, message, policyId?, action?, nodeId?, details?}`; None while open, and if completed."""
    ending = state.ending
    if ending is None or ending.status == "completed":
        return None
    found = {
        "code": ending.code,
        "message": ending.message,
        "policyId": ending.policy_id,
        "action": ending.action,
        "nodeId": ending.node_id,
        "details": dict(ending.details) or None,
    }
    return {key: value for key, value in found.items() if value is not None}
