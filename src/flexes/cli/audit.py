"""`audit`: every event and every directive outcome, filtered."""

import csv
import io
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flexes.cli.opening import find_run, reading
from flexes.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from flexes.cli.output import emit, emit_json, emit_table, seconds
from flexes.cli.projections import Elsewhere, offered
from flexes.errors import StoreError

if TYPE_CHECKING:
    from flexes.store.port import Store
    from flexes.view.audit import AuditRow
    from flexes.view.audit_filter import AuditFilter, AuditPage


class AuditFormat(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


Run = Annotated[str | None, typer.Option("--run", metavar="RUN", help="A run id, or its first characters.")]
Policy = Annotated[str | None, typer.Option("--policy", metavar="ID", help="A directive or threshold.")]
Action = Annotated[
    str | None, typer.Option("--action", metavar="TYPE", help="goto, replan, hitl, fail, pause or emit.")
]
Outcome = Annotated[
    str | None, typer.Option("--outcome", metavar="NAME", help="Of a directive: matched, skipped, invalid, ...")
]
Node = Annotated[str | None, typer.Option("--node", metavar="ID", help="A node.")]
PlanVersion = Annotated[int | None, typer.Option("--plan-version", metavar="N", min=0, help="A plan version.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="From this date or instant on (ISO 8601, UTC).")
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Up to and with this date or instant.")]
Format = Annotated[AuditFormat, typer.Option("--format", help="A table, JSON lines, or CSV.")]
_SHOWN: Final = ("at", "runId", "version", "type", "nodeId", "policyId", "actionType", "outcome", "summary")


def audit(
    run: Run = None,
    policy: Policy = None,
    action: Action = None,
    outcome: Outcome = None,
    node: Node = None,
    plan_version: PlanVersion = None,
    since: Since = None,
    until: Until = None,
    format: Format = AuditFormat.table,
    projections: Elsewhere = None,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Query the audit log: one row for each event and for each outcome of a directive; filters combine.

    The answer is that of the events. Where the projection audit_log was built, its indexes give it, and only the events
    that it has not taken yet are read.

    JSON lines and CSV have every column, digests too. --json is --format json.
    """
    from flexes.policy.problems import validated
    from flexes.view.audit_filter import AuditFilter

    with reading(store) as kept:
        asked = {
            "run": None if run is None else find_run(kept, run),
            "policy": policy,
            "action": action,
            "outcome": outcome,
            "node": node,
            "plan_version": plan_version,
            "since": instant_option(since, "--since", time.min),
            "until": instant_option(until, "--until", time.max),
        }
        wanted = validated(AuditFilter, asked, "audit query")
        with closing(_indexed(kept, store, wanted, projections)) as pages:
            _tell(answer(kept, wanted, pages), AuditFormat.json if as_json else format)


def answer(store: "Store", wanted: "AuditFilter", pages: "Iterable[AuditPage]" = ()) -> "Iterator[AuditRow]":
    """Yield the matching rows in the order of the log: what the pages have, then the rows of all later events.

    Pages that break off leave the rest to the log, and a warning on standard error.
    """
    upto = 0
    try:
        for page in pages:
            yield from page.rows
            upto = page.upto
    except StoreError as error:
        sys.stderr.write(f"warning: the audit_log projection is left, and the log read: {error}\n")
    if store.last_position() > upto:
        yield from _read(store, wanted, upto)


def _indexed(
    store: "Store", url: str, wanted: "AuditFilter", projections: str | None
) -> "Generator[AuditPage, None, None]":
    """Yield the pages of the projection; none where none is installed."""
    entry = offered("audit")
    if entry is not None:
        yield from entry.load()(store, url, wanted, projections_url=projections)


def _read(store: "Store", wanted: "AuditFilter", after: int) -> "Iterator[AuditRow]":
    """Yield the matching rows of the events after a position, from the log."""
    from flexes.ids import RunId
    from flexes.shell.feed import steps_of_all, steps_of_run
    from flexes.view.audit import audit_rows

    steps = steps_of_all(store, after) if wanted.run is None else steps_of_run(store, RunId(wanted.run))
    for step in steps:
        if step.row.position > after:
            rows = audit_rows(step.event, step.before, step.after, step.row.position, step.row.digest.hex())
            yield from filter(wanted.matches, rows)


def _tell(rows: "Iterator[AuditRow]", format: AuditFormat) -> None:
    from flexes.view.audit import COLUMNS

    match format:
        case AuditFormat.json:
            for row in rows:
                emit_json(row.wire())
        case AuditFormat.csv:
            emit(_csv_line(COLUMNS))
            for row in rows:
                emit(_csv_line(csv_cell(value) for value in row))
        case AuditFormat.table:
            emit_table(_SHOWN, (_shown(row) for row in rows))


def _shown(row: "AuditRow") -> list[object]:
    """Return what a table has room for: seconds, and the beginning of the run id, which every command takes."""
    short = {**row.wire(), "at": seconds(row.at), "runId": row.run_id[:8]}
    return [short[column] for column in _SHOWN]


def _csv_line(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def csv_cell(value: Any) -> Any:
    """Return a cell; text that a spreadsheet would take for a formula is marked as text."""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def instant_option(text: str | None, option: str, time_of_day: time) -> str | None:
    """Return a date or a time as an instant; a date means the whole day, a time without zone is UTC."""
    from flexes.ids import instant

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no date or instant; write 2026-01-31 or 2026-01-31T12:00:00Z", param_hint=option
        ) from None
    if len(text) <= len("2026-01-31"):
        found = datetime.combine(found.date(), time_of_day)
    return instant(found if found.tzinfo else found.replace(tzinfo=UTC))
