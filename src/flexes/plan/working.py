"""A working copy of the plan: changed intent by intent, and one delta is read off it at last."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from flexes.envelope.capability import Capability
from flexes.plan.facets import Supply
from flexes.plan.handshake import Delta, NodeChange, NodeProgress, NodeStatus, PlannerRequest, Unanswered
from flexes.plan.numbering import Numbering
from flexes.plan.plan import Plan, PlanNode
from flexes.plan.projection import projected_cost


@dataclass(frozen=True, slots=True)
class Change:
    """What would answer one intent: whole nodes to put in, new or instead of theirs, and ids to take out."""

    put: tuple[PlanNode, ...] = ()
    drop: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """Changes that would answer an intent, best first; `otherwise` says why there is none, or none left."""

    changes: Iterable[Change] = ()
    otherwise: str = ""


@dataclass(frozen=True)
class Working:
    """A plan after some intents have been answered; what was put in counts as pending."""

    request: PlannerRequest
    base: Plan
    plan: Plan
    put: frozenset[str] = field(default_factory=frozenset)

    def status(self, node: str) -> NodeStatus:
        """Return how far the node is; pending for what was put in and what the run says nothing about."""
        progress = None if node in self.put else self.request.progress.get(node)
        return progress.status if progress else "pending"

    def capability(self, node: PlanNode) -> Capability | None:
        """Return what the node invokes."""
        return self.request.catalog.by_id.get(node.capability)

    @cached_property
    def supply(self) -> Supply:
        """Which facets are there for which node."""
        return Supply(self.plan, self.request.catalog, self.request.inputs)

    @cached_property
    def projection(self) -> float:
        """The cost that the run comes to: what is spent, and the estimates of what is still to run."""
        statuses = {node.id: NodeProgress(status=self.status(node.id)) for node in self.plan.nodes}
        return projected_cost(self.plan, statuses, self.request.catalog, self.request.cost_spent)

    def after(self, change: Change) -> "Working":
        """Return the plan with the change: replaced nodes in place, new ones last."""
        fresh = {node.id: node for node in change.put}
        kept = tuple(fresh.pop(node.id, node) for node in self.plan.nodes if node.id not in change.drop)
        plan = Plan(version=self.base.version, nodes=(*kept, *fresh.values()))
        return Working(self.request, self.base, plan, self.put | {node.id for node in change.put})

    def delta(self, rationale: str = "", unanswered: tuple[Unanswered, ...] = ()) -> Delta:
        """Return the difference from the plan that was asked about."""
        before = self.base.by_id
        return Delta(
            base_version=self.base.version,
            add=tuple(node for node in self.plan.nodes if node.id not in before),
            replace=tuple(
                _difference(before[node.id], node)
                for node in self.plan.nodes
                if node.id in before and node != before[node.id]
            ),
            remove=tuple(node.id for node in self.base.nodes if node.id not in self.plan.by_id),
            rationale=rationale,
            unanswered=unanswered,
        )

    def numbering(self) -> Numbering:
        """Return the numbers that derived nodes may take next."""
        return Numbering(node.id for node in (*self.base.nodes, *self.plan.nodes))


def _difference(before: PlanNode, after: PlanNode) -> NodeChange:
    names = (name for name in NodeChange.model_fields if name != "id")
    changed = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
    return NodeChange(id=after.id, **changed)
