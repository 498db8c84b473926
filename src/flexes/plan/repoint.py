"""What has not started follows the newest copy: dependencies moved from nodes to what stands for them."""

from collections.abc import Collection, Mapping
from typing import Final

from flexes.plan.plan import PlanNode
from flexes.plan.working import Working

OPEN: Final = frozenset({"pending", "failed"})
"""Statuses of nodes that a delta may change."""


def moved(dependencies: Collection[str], copies: Mapping[str, str]) -> tuple[str, ...]:
    """Return the dependencies with each copied node replaced by its copy, without repetition."""
    return tuple(dict.fromkeys(copies.get(parent, parent) for parent in dependencies))


def repointed(working: Working, copies: Mapping[str, str]) -> tuple[PlanNode, ...]:
    """Return the nodes that have not started and depend on a copied node, made to depend on its copy."""
    return tuple(
        node.model_copy(update={"depends_on": moved(node.depends_on, copies)})
        for node in working.plan.nodes
        if node.id not in copies
        and any(parent in copies for parent in node.depends_on)
        and working.status(node.id) in OPEN
    )


def successor(node: str, working: Working) -> PlanNode | None:
    """Return what an earlier intent of the request put in to do the node's work again, if one did."""
    fresh = (other for other in working.plan.nodes if other.id in working.put and other.id not in working.base.by_id)
    return next((other for other in fresh if other.copy_of == node), None)
