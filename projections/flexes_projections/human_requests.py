"""What humans were asked: open, decided, or closed because the run ended."""

from collections.abc import Iterator

from flexes.run.events import TERMINAL, HitlRequested, HitlResolved
from flexes.run.records import HumanRequest
from flexes_projections.cell import redacted_cell
from flexes_projections.table import Fact, Projection, Row, Table, columns

REQUESTS = Table(
    "human_requests",
    columns(
        "run_id request_id status policy_id action_path node_id attempt:integer rationale approve_action:json"
        " reject_action:json on_timeout:json requested_at due_at decision decided_by decided_at note edits:json"
        " closed_at position:integer"
    ),
    key=2,
    indexes=(("status", "requested_at"),),
)


def rows_of(fact: Fact) -> Iterator[tuple[Table, Row]]:
    """Yield the request that was opened or decided; at the end of a run those that were still open."""
    event, after = fact.event, fact.after
    if isinstance(event, HitlRequested):
        yield REQUESTS, _row(fact, after.requests[event.request_id], "open")
    elif isinstance(event, HitlResolved):
        yield REQUESTS, _row(fact, after.requests[event.request_id], "decided", redacted_cell(event.edits))
    elif event.kind in TERMINAL and fact.before is not None:
        for request_id in fact.before.open_requests:
            yield REQUESTS, _row(fact, after.requests[request_id], "closed")


def _row(fact: Fact, request: HumanRequest, status: str, edits: str | None = None) -> Row:
    return (
        fact.event.run_id,
        request.id,
        status,
        request.policy_id,
        request.action_path,
        request.node,
        request.attempt,
        request.rationale,
        redacted_cell(request.approve_action),
        redacted_cell(request.reject_action),
        redacted_cell(request.on_timeout),
        request.requested_at,
        request.due_at,
        request.decision,
        request.by,
        request.decided_at,
        request.note,
        edits,
        fact.event.at if status == "closed" else request.decided_at,
        fact.position,
    )


HUMAN_REQUESTS = Projection(
    "human_requests", 1, (REQUESTS,), rows_of, frozenset({"HitlRequested", "HitlResolved", *TERMINAL})
)
