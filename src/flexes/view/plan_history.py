"""The versions of a run's plan, each with what it holds, why it is there, and who asked for it (story 8.9 AC3)."""

from collections.abc import Iterable
from typing import Any

from flexes.envelope.model import Model
from flexes.run.events import Event, PlanGenerated, PlanUpdated
from flexes.run.evolve import evolve
from flexes.run.state import State
from flexes.view.plan_frames import whole_delta
from flexes.view.step import Step, present

Document = dict[str, Any]


class PlanVersionRow(Model, frozen=True):
    """One plan version, whole: nothing else is needed to show or to compare it.

    Attributes:
        previous_version: None for the first.
        triggers: The directives that the version answers.
        provenance: `{requestId, attempt, intents, actor, at, eventVersion}` of the handshake that led to it.
        delta: What changed against the previous version; None for the first.
        unanswered: `{directive, reason}` of each directive that asked too and could not be helped.
        nodes: In plan order: `{id, capability, kind, stage?, dependsOn, inputs, outputs, copyOf?, origin, ...}`.
        facets: `{facet, producers, consumers}` of each facet of the plan.
        contracts: What each node takes and gives, and the schemas behind it.
        diagnostics: Warnings that came with the answer.
    """

    run_id: str
    version: int
    previous_version: int | None = None
    triggers: tuple[str, ...] = ()
    rationale: str = ""
    provenance: Document
    delta: Document | None = None
    unanswered: tuple[Document, ...] = ()
    nodes: tuple[Document, ...]
    facets: tuple[Document, ...]
    contracts: Document
    diagnostics: tuple[Document, ...] = ()


def plan_history(events: Iterable[Event]) -> tuple[PlanVersionRow, ...]:
    """Return the plan versions of a run, first to last, from its events from the first on."""
    rows: list[PlanVersionRow] = []
    before: State | None = None
    for event in events:
        after = evolve(before, event)
        row = plan_version_of(event, before, after)
        rows += [] if row is None else [row]
        before = after
    return tuple(rows)


def plan_version_of(event: Event, before: State | None, after: State) -> PlanVersionRow | None:
    """Return the plan version that the event made; None for an event that made none."""
    if not isinstance(event, PlanGenerated | PlanUpdated):
        return None
    return PlanVersionRow(**plan_version_fields(Step(event, before, after)))


def plan_version_fields(step: Step[PlanGenerated | PlanUpdated]) -> dict[str, Any]:
    """Return the fields of the row that an event made, the defaults too."""
    event = step.event
    updated = event if isinstance(event, PlanUpdated) else None
    return {
        "run_id": event.run_id,
        "version": updated.new_version if updated else step.plan_version,
        "previous_version": updated.previous_version if updated else None,
        "triggers": tuple(updated.triggers) if updated else (),
        "rationale": event.rationale,
        "provenance": _provenance(event, step.before),
        "delta": whole_delta(updated) if updated else None,
        "unanswered": tuple(updated.unanswered) if updated else (),
        "nodes": _nodes(step),
        "facets": tuple(event.facets),
        "contracts": event.contracts,
        "diagnostics": tuple(event.diagnostics),
    }


def _provenance(event: PlanGenerated | PlanUpdated, before: State | None) -> Document:
    handshake = before.handshake if before else None
    return {
        "requestId": event.request_id,
        "attempt": handshake.attempt if handshake else None,
        "intents": list(handshake.intents) if handshake else [],
        "actor": event.actor,
        "at": event.at,
        "eventVersion": event.version,
    }


def _nodes(step: Step[PlanGenerated | PlanUpdated]) -> tuple[Document, ...]:
    """Return the nodes as planned, with what is else looked up: kind, inputs, outputs."""
    state, contracts = step.after, step.event.contracts["nodes"]
    assert state.plan is not None
    return tuple(
        {
            "id": node.id,
            "capability": node.capability,
            "kind": state.kind_of(node.id),
            "dependsOn": list(node.depends_on),
            **contracts[node.id],
            **present(stage=node.stage, copyOf=node.copy_of),
            **present(policyOverrides=node.policy_overrides.wire() if node.policy_overrides else None),
            **present(origin=node.origin.wire() if node.origin else None),
        }
        for node in state.plan.nodes
    )
