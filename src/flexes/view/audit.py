"""The audit log as a pure function: one row for each event, and one for each directive outcome (semantics 12)."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pydantic.alias_generators import to_camel

from flexes.run.events import Event, PolicyTriggered, SignalEvaluated
from flexes.run.state import State
from flexes.view.audit_facts import action_of, capability_of, facets_of, node_of, policy_of, reads_of, reason_of
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
    return rows_of_step(step, position, digest_hex, sentence(step))


def rows_of_step(step: Step[Any], position: int, digest_hex: str, said: str) -> tuple[AuditRow, ...]:
    """Return the same from the event's step and its sentence."""
    own = _event_row(step, position, digest_hex, said)
    if not isinstance(step.event, SignalEvaluated):
        return (own,)
    return (own, *_outcome_rows(step, own))


def _event_row(step: Step[Any], position: int, digest_hex: str, said: str) -> AuditRow:
    event, node_id = step.event, node_of(step)
    fields = vars(event)  # many fields at once; a model finds each one slowly
    return AuditRow(
        position,
        0,
        fields["run_id"],
        fields["version"],
        fields["at"],
        fields["actor"],
        step.plan_version,
        event.kind,
        node_id,
        capability_of(step, node_id),
        facets_of(step),
        policy_of(step),
        action_of(step),
        _expression(step, event.policy_id) if isinstance(event, PolicyTriggered) else None,
        None,
        reason_of(event),
        fields["command_id"],
        digest_hex,
        said,
    )


def _outcome_rows(step: Step[SignalEvaluated], own: AuditRow) -> Iterator[AuditRow]:
    by_id = step.after.context.by_id
    for place, (policy_id, outcome, reason) in enumerate(step.event.outcomes, 1):
        directive = by_id.get(policy_id)
        yield AuditRow(
            own.position,
            place,
            own.run_id,
            own.version,
            own.at,
            own.actor,
            own.plan_version,
            own.type,
            own.node_id,
            own.capability_id,
            reads_of(step, policy_id),
            policy_id,
            directive.action.type if directive else None,
            directive.expression if directive else None,
            outcome,
            reason,
            own.command_id,
            own.digest,
            one_line(f"Policy {policy_id}: {outcome}" + (f", {reason}" if reason else "")),
        )


def _expression(step: Step[Any], policy_id: str) -> str | None:
    directive = step.after.context.by_id.get(policy_id)
    return directive.expression if directive else None
