"""The audit log: a row for each event and one for each directive outcome, indexed for its filters (semantics 12)."""

from collections.abc import Iterator
from typing import Any, Final

from flexes.view.audit import AuditRow, audit_rows
from flexes_projections.cell import json_cell
from flexes_projections.table import Fact, Projection, Row, Table, columns

_FACETS: Final = AuditRow._fields.index("facets")

ROWS = Table(
    "audit_log",
    columns(
        "position:integer place:integer run_id version:integer at actor plan_version:integer type node_id"
        " capability_id facets:json policy_id action_type expression outcome reason command_id digest summary"
    ),
    key=2,
    indexes=(
        ("run_id", "position", "place"),
        ("policy_id", "position", "place"),
        ("policy_id", "outcome", "position", "place"),
        ("node_id", "position", "place"),
        ("action_type", "position", "place"),
        ("outcome", "position", "place"),
        ("plan_version", "position", "place"),
        ("at",),
    ),
    appends=True,
)
assert ROWS.names == AuditRow._fields


def rows_of(fact: Fact) -> Iterator[tuple[Table, Row]]:
    """Yield the audit rows of the event."""
    for row in audit_rows(fact.event, fact.before, fact.after, fact.position, fact.digest):
        cells: list[Any] = list(row)
        cells[_FACETS] = json_cell(row.facets)
        yield ROWS, tuple(cells)


AUDIT_LOG = Projection("audit_log", 1, (ROWS,), rows_of)
