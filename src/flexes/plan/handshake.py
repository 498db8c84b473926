"""The hybrid handshake as data: what the planner is asked, and what it can answer (semantics 9)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from flexes.envelope.capability import Catalog, Kind
from flexes.envelope.contract import OutputContract
from flexes.envelope.model import Amount, Count, Flag, Json, Model, Name, Text
from flexes.plan.plan import Plan, PlanNode, PolicyOverrides
from flexes.policy.actions import Intent
from flexes.policy.authored import PlannerPolicies

NodeStatus = Literal["pending", "running", "completed", "failed", "removed", "abandoned"]


class Diagnostic(Model, frozen=True):
    """One finding about a draft or a delta; errors refuse it, warnings do not."""

    code: Name
    severity: Literal["error", "warning"] = "error"
    node: Name | None = None
    capability: Name | None = None
    facet: Name | None = None
    message: Text
    suggestion: Text | None = None


class ReplanIntent(Model, frozen=True):
    """What one directive wants from the planner.

    Attributes:
        node: The node whose signal fired, and its attempt; None for a signal without a node.
        target: What to rewrite: a node that is `node` or a completed ancestor of it; None if there is none.
        timed_out: Whether `node` is still running and over its time; it may then be replaced.
        cap_total, cap_per_node: The caps that were breached, for a fallback.
    """

    directive: Name
    intent: Intent
    node: Name | None = None
    attempt: Count | None = None
    target: Name | None = None
    rationale: Text | None = None
    timed_out: Flag = False
    cap_total: Amount | None = None
    cap_per_node: Amount | None = None


class NodeProgress(Model, frozen=True):
    """How far a node of the current plan has come."""

    status: NodeStatus
    attempt: Count = 0


class PlannerRequest(Model, frozen=True):
    """Everything that a planner may look at; the same request must get the same answer.

    Attributes:
        attempt: From 1; grows when an answer was rejected, `diagnostics` then say why.
        plan: The current plan; None for the first draft.
        progress: How far each node of the plan has come.
        cost_spent: Every recorded attempt.
        taken_away: Node definitions that earlier deltas removed or replaced; restoring one is an oscillation.
    """

    run_id: Name
    request_id: Name
    attempt: Count
    objective: Text
    contract: OutputContract
    inputs: dict[str, Json]
    constraints: dict[str, Json] = Field(default_factory=dict)
    special_instructions: tuple[Text, ...] = ()
    catalog: Catalog
    policies: PlannerPolicies
    max_rewrites_per_node: Count = 2
    plan: Plan | None = None
    progress: dict[str, NodeProgress] = Field(default_factory=dict)
    cost_spent: Amount = 0.0
    taken_away: tuple[Text, ...] = ()
    intents: tuple[ReplanIntent, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


class Draft(Model, frozen=True):
    """A first plan."""

    type: Literal["draft"] = "draft"
    nodes: Annotated[tuple[PlanNode, ...], Field(min_length=1)]
    rationale: Text = ""


class NodeChange(Model, frozen=True):
    """A replacement of a node: what is not given stays as it was."""

    id: Name
    capability: Name | None = None
    kind: Kind | None = None
    stage: Name | None = None
    depends_on: tuple[Name, ...] | None = None
    inputs: tuple[Name, ...] | None = None
    copy_of: Name | None = None
    policy_overrides: PolicyOverrides | None = None


class Unanswered(Model, frozen=True):
    """An intent of a joined request that the planner could not help with."""

    directive: Name
    reason: Text


class Delta(Model, frozen=True):
    """A change against a base version; `baseVersion` absent means the version that was asked about."""

    type: Literal["delta"] = "delta"
    base_version: Count | None = None
    add: tuple[PlanNode, ...] = ()
    replace: tuple[NodeChange, ...] = ()
    remove: tuple[Name, ...] = ()
    rationale: Text = ""
    unanswered: tuple[Unanswered, ...] = ()


class Decline(Model, frozen=True):
    """The planner cannot help; this ends the handshake."""

    type: Literal["decline"] = "decline"
    reason: Text


class Crashed(Model, frozen=True):
    """The planner raised, timed out or answered garbage; this counts as a rejected attempt."""

    type: Literal["crashed"] = "crashed"
    reason: Text
    code: Literal["planner_error", "planner_timeout", "planner_garbage"] = "planner_error"


def _typed(document: Any) -> Any:
    if isinstance(document, Mapping) and "type" not in document:
        if "reject" in document or "decline" in document:
            return {"type": "decline", "reason": document.get("reject", document.get("decline"))}
        return {"type": "draft" if "nodes" in document else "delta", **document}
    return document


class PlannerAnswer(Model, frozen=True):
    """An answer as it arrived: a model, or a plain dict whose keys tell which it is."""

    answer: Annotated[Draft | Delta | Decline | Crashed, Field(discriminator="type")]

    @model_validator(mode="before")
    @classmethod
    def _told_by_its_keys(cls, document: Any) -> Any:
        if isinstance(document, Mapping) and "answer" in document:
            return {"answer": _typed(document["answer"])}
        return document


def changed_node(node: PlanNode, change: NodeChange) -> PlanNode:
    """Return the node with what the change gives; an absent and a null value both leave the node's own."""
    given = {name: getattr(change, name) for name in NodeChange.model_fields if name != "id"}
    return node.model_copy(update={name: value for name, value in given.items() if value is not None})


def applied(plan: Plan, delta: Delta) -> tuple[PlanNode, ...]:
    """Return the nodes after the delta: replaced ones in place, added ones last. Expects a checked delta."""
    removed = set(delta.remove)
    changes = {change.id: change for change in delta.replace}
    kept = (
        changed_node(node, changes[node.id]) if node.id in changes else node
        for node in plan.nodes
        if node.id not in removed
    )
    return (*kept, *delta.add)
