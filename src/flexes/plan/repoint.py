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


def repointed(
    working: Working, copies: Mapping[str, str], fresh_copies: Mapping[str, str] | None = None
) -> tuple[PlanNode, ...]:
    """Return the nodes that have not started and depend on a copied node, made to depend on its copy.

    What an earlier intent of the request put in follows only `fresh_copies`: it depends on purpose on what it copies.
    """
    found = []
    for node in working.plan.nodes:
        put = node.id in working.put and node.id not in working.base.by_id
        wanted = copies if fresh_copies is None or not put else fresh_copies
        concerned = node.id not in copies and any(parent in wanted for parent in node.depends_on)
        if concerned and working.status(node.id) in OPEN:
            found.append(node.model_copy(update={"depends_on": moved(node.depends_on, wanted)}))
    return tuple(found)


def successor(node: str, working: Working) -> PlanNode | None:
    """Return what an earlier intent of the request put in to do the node's work again, if one did."""
    fresh = (other for other in working.plan.nodes if other.id in working.put and other.id not in working.base.by_id)
    return next((other for other in fresh if other.copy_of == node), None)
