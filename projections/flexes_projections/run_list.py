"""The list of runs: one row a run, as it is after its last event."""

from collections.abc import Iterator
from functools import partial

from flexes.view.ending import error_of
from flexes_projections.cell import json_cell, redacted_cell
from flexes_projections.table import Fact, Later, Projection, Row, Table, columns

RUNS = Table(
    "run_list",
    columns(
        "run_id status plan_version:integer triggered_by:json objective correlation_id client_id campaign_id run_label"
        " started_at updated_at ended_at nodes:integer nodes_unfinished:integer nodes_running:integer"
        " nodes_failed:integer open_requests:integer replans:integer cost_total:real cost_projected:real"
        " last_action:json error:json output:json version:integer position:integer"
    ),
    key=1,
    indexes=(("status", "started_at"), ("started_at",), ("correlation_id",)),
)


def rows_of(fact: Fact) -> Iterator[tuple[Table, Later]]:
    """Yield the run's row."""
    yield RUNS, Later((fact.after.run_id,), partial(_row, fact))


def _row(fact: Fact) -> Row:
    state = fact.after
    metadata, ending = state.envelope.get("metadata") or {}, state.ending
    return (
        state.run_id,
        state.status,
        state.plan_version,
        json_cell(state.triggered_by),
        state.envelope.get("objective"),
        state.correlation_id,
        metadata.get("clientId"),
        metadata.get("campaignId"),
        metadata.get("runLabel"),
        state.started_at,
        state.at,
        state.at if ending else None,
        len(state.plan.nodes) if state.plan else 0,
        state.unfinished,
        len(state.running),
        len(state.failed),
        len(state.open_requests),
        state.replans,
        state.cost_total,
        state.cost_projected,
        redacted_cell(state.last_action),
        redacted_cell(error_of(state)) if ending else None,
        redacted_cell(ending.output) if ending and ending.status == "completed" else None,
        state.version,
        fact.position,
    )


RUN_LIST = Projection("run_list", 1, (RUNS,), rows_of)
