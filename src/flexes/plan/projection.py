"""What a run is going to cost, as cost caps see it (semantics 5)."""

from collections.abc import Mapping
from math import fsum
from typing import Final

from flexes.envelope.capability import Catalog
from flexes.plan.handshake import NodeProgress
from flexes.plan.plan import Plan

MONEY_DIGITS: Final = 9
"""Decimals that count: finer ones are what binary fractions add, and must not breach a cap."""


def money(*amounts: float) -> float:
    """Return the sum of the amounts, exact but for the rounding to MONEY_DIGITS."""
    return round(fsum(amounts), MONEY_DIGITS)


def projected_cost(plan: Plan, progress: Mapping[str, NodeProgress], catalog: Catalog, cost_spent: float) -> float:
    """Return what is spent plus the estimates of all pending and running nodes.

    Args:
        progress: How far the nodes have come; a node that is not named is pending.
        cost_spent: Every recorded attempt.
    """
    open_nodes = (node for node in plan.nodes if _is_open(progress.get(node.id)))
    capabilities = (catalog.by_id.get(node.capability) for node in open_nodes)
    return money(cost_spent, *(capability.cost for capability in capabilities if capability))


def _is_open(progress: NodeProgress | None) -> bool:
    return progress is None or progress.status in ("pending", "running")
