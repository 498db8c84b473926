"""`plan`: the versions of a run's plan, what changed between them, and which policies caused each."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flexes.cli.opening import find_run, reading
from flexes.cli.options import DEFAULT_STORE, AsJson, RunRef, StoreUrl
from flexes.cli.output import dumps, emit, emit_object, emit_table, say, seconds

if TYPE_CHECKING:
    from flexes.run.state import State
    from flexes.view.plan_history import PlanVersionRow


class PlanFormat(StrEnum):
    """How a plan is printed."""

    table = "table"
    json = "json"
    mermaid = "mermaid"


Version = Annotated[
    int | None, typer.Option("--version", metavar="N", min=1, help="This version; the latest by default.")
]
Diff = Annotated[
    tuple[int, int] | None, typer.Option("--diff", metavar="A B", help="What changed from version A to version B.")
]
Format = Annotated[PlanFormat, typer.Option("--format", help="A table, JSON, or a Mermaid flowchart.")]


def plan(
    run: RunRef,
    version: Version = None,
    diff: Diff = None,
    format: Format = PlanFormat.table,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Show the plan versions of a run, each with its rationale and the policies that caused it.

    With --json, or --format json: all versions as one object; with --version that version; with --diff the changes.
    """
    from flexes.store.codec import decode_all
    from flexes.store.replay import replayed
    from flexes.view.plan_history import plan_history

    with reading(store) as kept:
        run_id = find_run(kept, run)
        rows = kept.read(run_id)
        state, events = replayed(run_id, rows), list(decode_all(rows))
    history, chosen = plan_history(events), PlanFormat.json if as_json else format
    if diff is not None:
        _tell_diff(_version(history, diff[0]), _version(history, diff[1]), chosen)
    elif chosen is PlanFormat.json and version is None:
        emit_object({"runId": run_id, "versions": [row.wire() for row in history]})
    elif not history:
        say(f"run {run_id} has no plan yet")
    else:
        row = history[-1] if version is None else _version(history, version)
        _tell_plan(history, row, state, chosen)


def _version(history: "Sequence[PlanVersionRow]", version: int) -> "PlanVersionRow":
    for row in history:
        if row.version == version:
            return row
    known = f"1 to {history[-1].version}" if history else "none yet"
    raise typer.BadParameter(f"the run has no plan version {version}; it has {known}")


def _tell_plan(
    history: "Sequence[PlanVersionRow]", row: "PlanVersionRow", state: "State | None", chosen: PlanFormat
) -> None:
    from flexes.view.mermaid import mermaid

    is_latest = row is history[-1]
    statuses = {name: node.status for name, node in state.nodes.items()} if state and is_latest else {}
    if chosen is PlanFormat.json:
        emit_object(row.wire())
    elif chosen is PlanFormat.mermaid:
        emit(mermaid(row, statuses))
    else:
        _tell_versions(history)
        _tell_nodes(row, statuses)


def _tell_versions(history: "Sequence[PlanVersionRow]") -> None:
    rows = [(row.version, seconds(row.provenance["at"]), ", ".join(row.triggers), row.rationale) for row in history]
    emit_table(("version", "at", "triggered by", "rationale"), rows)


def _tell_nodes(row: "PlanVersionRow", statuses: Mapping[str, str]) -> None:
    say(f"plan version {row.version}")
    rows = [
        (
            node["id"],
            node["capability"],
            node["kind"],
            ", ".join(node["dependsOn"]),
            statuses.get(node["id"]),
            _since(node),
        )
        for node in row.nodes
    ]
    emit_table(("node", "capability", "kind", "depends on", "status", "since"), rows)


def _since(node: Mapping[str, Any]) -> str:
    origin = node.get("origin", {})
    directives = ", ".join(origin.get("directives", ()))
    return f"version {origin.get('version', 1)}" + (f" ({directives})" if directives else "")


def _tell_diff(a: "PlanVersionRow", b: "PlanVersionRow", chosen: PlanFormat) -> None:
    from flexes.view.plan_diff import diff

    found = diff(a, b)
    if chosen is PlanFormat.mermaid:
        raise typer.BadParameter("a diff is no flowchart; use --format table or json", param_hint="--format")
    if chosen is PlanFormat.json:
        emit_object(found)
        return
    say(f"from plan version {found['from']} to {found['to']}, triggered by {', '.join(found['triggers']) or 'none'}")
    say(f"rationale: {found['rationale'] or 'none given'}")
    emit_table(("", "node", "what"), _diff_rows(found))


def _diff_rows(found: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    rows = [("+", node["id"], node["capability"]) for node in found["added"]]
    rows += [("-", node["id"], node["capability"]) for node in found["removed"]]
    for node in found["changed"]:
        told = [
            f"{field}: {dumps(change['from'])} -> {dumps(change['to'])}" for field, change in node["changes"].items()
        ]
        rows.append(("~", node["id"], "; ".join(told)))
    return rows
