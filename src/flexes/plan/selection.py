"""Which capabilities a plan may use; `planner.selection` names capability ids or tags (semantics 5)."""

from collections.abc import Sequence

from flexes.envelope.capability import Capability
from flexes.policy.authored import PlannerPolicies


def is_named(capability: Capability, entry: str) -> bool:
    """Return whether the entry is the capability's id or one of its tags."""
    return entry == capability.id or entry in capability.tags


def is_any_of(capability: Capability, entries: Sequence[str]) -> bool:
    """Return whether one of the entries names the capability."""
    return any(is_named(capability, entry) for entry in entries)


def is_usable(capability: Capability, policies: PlannerPolicies) -> bool:
    """Return whether the capability is available and forbidden by neither id, tag nor kind."""
    return (
        capability.available
        and not is_any_of(capability, policies.selection.forbid)
        and capability.kind not in policies.topology.forbidden_kinds
    )
