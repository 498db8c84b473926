"""Saying where a run stands: what commands that drive one end with, and what `show` begins with."""

from typing import TYPE_CHECKING, Any, Final

from flexes.cli.failures import DONE, FOUND
from flexes.cli.output import emit_json, one_line, say

if TYPE_CHECKING:
    from flexes.run.state import State

_FAILED: Final = frozenset({"failed", "cancelled"})


def status_code(status: str) -> int:
    """Return the exit status of a run that was driven: 1 if it failed or was cancelled."""
    return FOUND if status in _FAILED else DONE


def tell_report(state: "State", *, as_json: bool) -> None:
    """Print where a run stands after a command: the document of `show`, marked as a report, or some lines."""
    from flexes.view.show import show

    document = show(state)
    if as_json:
        emit_json({"type": "report", **document})
        return
    for line in report_lines(document):
        say(line)


def report_lines(document: dict[str, Any]) -> list[str]:
    """Return the lines that say where a run stands, why, and what can be done."""
    triggers = ", ".join(document["triggeredBy"])
    by = f", triggered by {triggers}" if triggers else ""
    run_id = document["runId"]
    lines = [
        f"run {run_id}: {document['status']} at version {document['version']}",
        f"plan version {document['planVersion']}{by}; cost {document['costTotal']:g}",
    ]
    if action := document.get("lastAction"):
        place = f" at {action['nodeId']}" if action.get("nodeId") else ""
        lines.append(f"last action: {action['action']} by {action['policyId']}{place}")
    if error := document.get("error"):
        lines.append(f"error: {error.get('message') or 'cancelled'} [{error.get('code', document['status'])}]")
    lines += [
        f"awaiting a decision: {one_line(asked['rationale'] or asked['policyId'] or asked['nodeId'] or '')}: "
        f"flexes approve {run_id} {asked['requestId']}"
        for asked in document["pendingHitl"]
    ]
    if document["status"] == "paused":
        lines.append(f"go on with: flexes resume {run_id}")
    return lines
