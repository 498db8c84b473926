"""`scripts/query_audit.py`: the audit log, filtered by its indexes, as a table, JSON lines or CSV."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import time
from typing import Annotated, Any, Final

import typer

from flexes.cli import audit as cli
from flexes.cli.opening import find_run, must_exist
from flexes.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from flexes.cli.output import emit, emit_json, emit_table
from flexes.cli.projections import Elsewhere
from flexes.store.port import EventStore
from flexes.store.urls import open_store
from flexes.view.audit import COLUMNS, AuditRow
from flexes_projections.audit_log import AUDIT_LOG
from flexes_projections.audit_query import AuditQuestion, audit, behind
from flexes_projections.database import Database
from flexes_projections.opening import open_database
from flexes_projections.runner import Runner

_SHOWN: Final = ("at", "runId", "version", "type", "nodeId", "policyId", "actionType", "outcome", "actor", "summary")

Type = Annotated[str | None, typer.Option("--type", metavar="NAME", help="An event type.")]
Actor = Annotated[str | None, typer.Option("--actor", metavar="WHO", help="Who gave the command.")]
Capability = Annotated[str | None, typer.Option("--capability", metavar="ID", help="A capability.")]
Expression = Annotated[str | None, typer.Option("--expression", metavar="TEXT", help="A predicate, as rows show it.")]
Digest = Annotated[str | None, typer.Option("--digest", metavar="HEX", help="The digest of an event.")]
Facet = Annotated[str | None, typer.Option("--facet", metavar="NAME", help="A facet that was written, read or undone.")]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many rows.")]
AsItIs = Annotated[bool, typer.Option("--as-it-is", help="Do not take in the latest events first.")]


def main(
    run: cli.Run = None,
    policy: cli.Policy = None,
    action: cli.Action = None,
    outcome: cli.Outcome = None,
    node: cli.Node = None,
    plan_version: cli.PlanVersion = None,
    since: cli.Since = None,
    until: cli.Until = None,
    type: Type = None,
    actor: Actor = None,
    capability: Capability = None,
    expression: Expression = None,
    digest: Digest = None,
    facet: Facet = None,
    limit: Limit = None,
    as_it_is: AsItIs = False,
    format: cli.Format = cli.AuditFormat.table,
    store: StoreUrl = DEFAULT_STORE,
    projections: Elsewhere = None,
    as_json: AsJson = False,
) -> None:
    """Query the audit log: one row for each event and for each outcome of a directive; filters combine."""
    given = {
        **{"policy": policy, "action": action, "outcome": outcome, "node": node, "plan_version": plan_version},
        **{
            "since": cli.instant_option(since, "--since", time.min),
            "until": cli.instant_option(until, "--until", time.max),
        },
        **{"type": type, "actor": actor, "capability": capability, "expression": expression},
        **{"digest": digest, "facet": facet},
    }
    must_exist(store)
    with closing(open_store(store)) as log, closing(open_database(projections or store)) as database:
        asked = AuditQuestion.model_validate({**given, "run": None if run is None else find_run(log, run)})
        _bring_up_to_date(log, database, as_it_is)
        tell(audit(database, asked, limit), cli.AuditFormat.json if as_json else format)


def tell(rows: Iterable[AuditRow], form: cli.AuditFormat) -> None:
    """Print the rows; JSON lines and CSV have every column, and are printed as they are found."""
    match form:
        case cli.AuditFormat.json:
            for row in rows:
                emit_json(row.wire())
        case cli.AuditFormat.csv:
            for cells in _csv(rows):
                emit(_line(cells))
        case cli.AuditFormat.table:
            emit_table(_SHOWN, ([row.wire()[column] for column in _SHOWN] for row in rows))


def _bring_up_to_date(log: EventStore, database: Database, as_it_is: bool) -> None:
    """Take in the latest events, or say how many are missing."""
    if not as_it_is:
        Runner(log, database, (AUDIT_LOG,)).catch_up()
    missing = behind(log, database)
    if missing is None:
        sys.stderr.write("warning: the audit log is not built or has stopped: run `flexes rebuild audit_log`\n")
    elif missing:
        sys.stderr.write(f"warning: the audit log is {missing} positions behind the log\n")


def _csv(rows: Iterable[AuditRow]) -> Iterator[Iterable[Any]]:
    yield COLUMNS
    for row in rows:
        yield [cli.csv_cell(value) for value in row]


def _line(cells: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
