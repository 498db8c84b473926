"""A plan as a policy check sees it: plain nodes, so that policies need not know plans."""

from flexes.envelope.capability import Catalog
from flexes.plan.facets import node_kind
from flexes.plan.plan import Plan
from flexes.policy.check_finding import PlannedNode


def outlined(plan: Plan, catalog: Catalog) -> tuple[PlannedNode, ...]:
    """Return the plan's nodes with kind, tags and all that depends on them, in plan order."""
    return tuple(
        PlannedNode(
            id=node.id,
            capability=node.capability,
            kind=node_kind(node, catalog) or "",
            stage=node.stage,
            tags=catalog.by_id[node.capability].tags if node.capability in catalog.by_id else (),
            behind=plan.graph.descendants(node.id),
            opt_out=node.policy_overrides.opt_out if node.policy_overrides else (),
        )
        for node in plan.nodes
    )
