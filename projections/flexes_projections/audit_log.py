"""The audit log: a row for each event and one for each directive outcome, indexed for its filters (semantics 12)."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from flexes.view.audit import AuditRow, rows_of_step
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
    for row in rows_of_step(fact.step, fact.position, fact.digest, fact.said):
        yield ROWS, _cells(row)


def _cells(row: tuple[Any, ...]) -> Row:
    return (*row[:_FACETS], _names(row[_FACETS]), *row[_FACETS + 1 :])


@lru_cache(maxsize=4096)
def _names(facets: tuple[str, ...]) -> str:
    return json_cell(facets)


AUDIT_LOG = Projection("audit_log", 1, (ROWS,), rows_of)
