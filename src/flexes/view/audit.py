"""The audit log as a pure function: one row for each event, and one for each directive outcome (semantics 12)."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pydantic.alias_generators import to_camel

from flexes.run.events import Event, PolicyTriggered, SignalEvaluated
from flexes.run.state import State
from flexes.view.audit_facts import action_of, facets_of, node_of, policy_of, reads_of, reason_of
from flexes.view.sentences import one_line, sentence
from flexes.view.step import Step


class AuditRow(NamedTuple):
    """One line of the audit log; `(position, place)` is unique.

    No row holds a value of a facet, so there is nothing in it to redact: the event itself is found by run and
    version, and `digest` proves it.

    Attributes:
        position: The event's position in the log of all runs.
        place: 0 for the event itself; from 1 for the outcomes of a SignalEvaluated, in total order.
        plan_version: The version in force after the event; 0 before the first plan.
        facets: What the event wrote, read or undid; for an outcome what the directive's test reads. Sorted.
        policy_id: None where the event is about no directive, or about several.
        outcome: Of a directive, as semantics 7 names it; None for rows of events.
        digest: The event's digest, in hex.
        summary: One sentence for people.
    """

    position: int
    place: int
    run_id: str
    version: int
    at: str
    actor: str
    plan_version: int
    type: str
    node_id: str | None
    capability_id: str | None
    facets: tuple[str, ...]
    policy_id: str | None
    action_type: str | None
    expression: str | None
    outcome: str | None
    reason: str | None
    command_id: str
    digest: str
    summary: str

    def wire(self) -> dict[str, Any]:
        """Return the row as plain JSON in the order of COLUMNS, with null where there is nothing."""
        return dict(zip(COLUMNS, (list(value) if isinstance(value, tuple) else value for value in self), strict=True))


COLUMNS: Final[tuple[str, ...]] = tuple(to_camel(field) for field in AuditRow._fields)
"""The columns of tables, JSON lines and CSV, in order."""


def audit_rows(
    event: Event, before: State | None, after: State, position: int, digest_hex: str
) -> tuple[AuditRow, ...]:
    """Return the rows of one event: its own, then one for each directive that it evaluated."""
    step = Step(event, before, after)
    own = _event_row(step, position, digest_hex)
    if not isinstance(event, SignalEvaluated):
        return (own,)
    return (own, *_outcome_rows(Step(event, before, after), own))


def _event_row(step: Step[Event], position: int, digest_hex: str) -> AuditRow:
    event, node_id = step.event, node_of(step)
    return AuditRow(
        position=position,
        place=0,
        run_id=event.run_id,
        version=event.version,
        at=event.at,
        actor=event.actor,
        plan_version=step.plan_version,
        type=event.kind,
        node_id=node_id,
        capability_id=getattr(event, "capability_id", None) or step.capability_of(node_id),
        facets=facets_of(step),
        policy_id=policy_of(step),
        action_type=action_of(step),
        expression=_expression(step, event.policy_id) if isinstance(event, PolicyTriggered) else None,
        outcome=None,
        reason=reason_of(event),
        command_id=event.command_id,
        digest=digest_hex,
        summary=sentence(step),
    )


def _outcome_rows(step: Step[SignalEvaluated], own: AuditRow) -> Iterator[AuditRow]:
    for place, (policy_id, outcome, reason) in enumerate(step.event.outcomes, 1):
        directive = step.after.context.by_id.get(policy_id)
        yield own._replace(
            place=place,
            facets=reads_of(step, policy_id),
            policy_id=policy_id,
            action_type=directive.action.type if directive else None,
            expression=_expression(step, policy_id),
            outcome=outcome,
            reason=reason,
            summary=one_line(f"Policy {policy_id}: {outcome}" + (f", {reason}" if reason else "")),
        )


def _expression(step: Step[Any], policy_id: str) -> str | None:
    directive = step.after.context.by_id.get(policy_id)
    return directive.expression if directive else None
