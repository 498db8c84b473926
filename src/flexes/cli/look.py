"""`runs`, `show`, `events`: what is stored, listed and folded; nothing is changed."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flexes.cli.opening import all_runs, find_run, reading
from flexes.cli.options import DEFAULT_STORE, AsJson, RunRef, StoreUrl
from flexes.cli.output import dumps, emit_json, emit_object, emit_table, one_line, say, seconds
from flexes.cli.standing import report_lines
from flexes.errors import StoreUnavailable

if TYPE_CHECKING:
    from flexes.ids import RunId
    from flexes.run.state import State
    from flexes.store.port import Store

Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many runs, the latest.")]
At = Annotated[int | None, typer.Option("--at", metavar="N", min=1, help="The run as it was after its N-th event.")]
After = Annotated[int, typer.Option("--after", metavar="N", min=0, help="Only events after the N-th.")]
_UNKNOWN: Final = ("startedAt", "version", "planVersion", "costTotal", "updatedAt", "correlationId", "objective")
"""What cannot be said of a run that cannot be read."""


def runs(limit: Limit = 50, store: StoreUrl = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """List the runs of a store, the one started last first; one that cannot be read is `unreadable`.

    With --json: one object a line.
    """
    with reading(store) as kept:
        found = [_readable_row(kept, run_id) for run_id in islice(all_runs(kept), limit)]
    if as_json:
        for row in found:
            emit_json(row)
        return
    emit_table(
        ("run", "status", "started", "version", "plan", "cost", "objective"),
        [_listed(row) for row in found],
    )


def show(run: RunRef, at: At = None, store: StoreUrl = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """Show a run folded from its events, also as it was earlier.

    With --json: one object.
    """
    from flexes.view.show import show as shown

    with reading(store) as kept:
        document = shown(_state(kept, find_run(kept, run), at))
    if as_json:
        emit_object(document)
        return
    for line in report_lines(document):
        say(line)
    _tell_nodes(document)
    _tell_facets(document)
    _tell_policies(document)


def events(run: RunRef, after: After = 0, store: StoreUrl = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """List the raw events of a run, in order.

    With --json: one event a line.
    """
    from flexes.shell.feed import steps_of_run
    from flexes.store.codec import event_document
    from flexes.view.sentences import sentence
    from flexes.view.step import Step

    with reading(store) as kept:
        steps = (step for step in steps_of_run(kept, find_run(kept, run)) if step.row.version > after)
        if as_json:
            for step in steps:
                emit_json(event_document(step.event))
            return
        rows = [
            (step.row.version, seconds(step.event.at), step.row.type, step.event.actor, step.event.plan_version,
             sentence(Step(step.event, step.before, step.after)))
            for step in steps
        ]  # fmt: skip
    emit_table(("version", "at", "event", "actor", "plan", ""), rows)


def _state(store: "Store", run_id: "RunId", at: int | None = None) -> "State":
    from flexes.shell.clock import SystemClock
    from flexes.shell.ledger import Ledger

    ledger = Ledger(store, SystemClock())
    return ledger.require(run_id) if at is None else ledger.at_version(run_id, at)


def _readable_row(store: "Store", run_id: "RunId") -> dict[str, Any]:
    """Return the row of a run; one that was damaged, or written by a later release, does not hide the others."""
    try:
        return _run_row(_state(store, run_id))
    except StoreUnavailable:
        raise
    except Exception as error:  # bytes that somebody tampered with can be anything
        return {**dict.fromkeys(_UNKNOWN), "runId": run_id, "status": "unreadable", "error": one_line(str(error), 200)}


def _run_row(state: "State") -> dict[str, Any]:
    return {
        "runId": state.run_id,
        "status": state.status,
        "startedAt": state.started_at,
        "version": state.version,
        "planVersion": state.plan_version,
        "costTotal": state.cost_total,
        "updatedAt": state.at,
        "correlationId": state.correlation_id,
        "objective": str(state.envelope.get("objective", "")),
    }


def _listed(row: Mapping[str, Any]) -> tuple[object, ...]:
    if row["status"] == "unreadable":
        return (row["runId"], row["status"], None, None, None, None, f"run `flexes verify {row['runId']}`")
    return (
        row["runId"],
        row["status"],
        seconds(row["startedAt"]),
        row["version"],
        row["planVersion"],
        f"{row['costTotal']:g}",
        one_line(row["objective"], 60),
    )


def _tell_nodes(document: Mapping[str, Any]) -> None:
    rows = [
        (name, node["status"], node["attempts"], node["capability"], one_line(node.get("error", ""), 60))
        for name, node in document["nodes"].items()
    ]
    if rows:
        emit_table(("node", "status", "attempts", "capability", "error"), rows)


def _tell_facets(document: Mapping[str, Any]) -> None:
    rows = [
        (name, _origin(document["facetProvenance"].get(name, {})), one_line(dumps(value), 80))
        for name, value in document["facets"].items()
    ]
    if rows:
        emit_table(("facet", "from", "value"), rows)


def _tell_policies(document: Mapping[str, Any]) -> None:
    rows = [
        (name, policy["triggers"], policy["attempts"], ", ".join(_counts(policy["outcomes"])),
         "dead guard" if name in document["deadGuards"] else "")
        for name, policy in document["policies"].items()
    ]  # fmt: skip
    if rows:
        emit_table(("policy", "triggers", "attempts", "outcomes", ""), rows)


def _origin(provenance: Mapping[str, Any]) -> str:
    node = provenance.get("node")
    by = f" by {provenance['by']}" if provenance.get("by") else ""
    return f"{node} #{provenance.get('attempt')}{by}" if node else "envelope"


def _counts(outcomes: Mapping[str, int]) -> Iterator[str]:
    return (f"{times} {name}" for name, times in outcomes.items())
