"""Which capability the built-in planner takes where several would do (semantics 9): ties and how they break.

The first difference decides:
1. named by `selection.require`, then not named by `avoid`, then the place in `prefer`;
2. the objective: `speed` takes the lower latency; `token_efficiency` the lower cost; `quality` the tag
   `quality`, then the dearer one, a price being the only other hint at it; `diversity` the fewest tags in
   common with what is already in the plan;
3. one that is no listed fallback of another candidate: a stand-in waits until it is needed;
4. the lower cost, the lower latency, the order of the catalog.
"""

from collections.abc import Collection, Sequence
from typing import Final

from flexes.envelope.capability import Capability
from flexes.plan.selection import is_any_of, is_named
from flexes.policy.authored import PlannerPolicies

QUALITY_TAG: Final = "quality"

Rank = tuple[bool, bool, int, tuple[float, ...], bool, float, float]


def preference(
    capability: Capability,
    policies: PlannerPolicies,
    candidates: Collection[Capability],
    chosen: Collection[Capability],
) -> Rank:
    """Return the capability's rank, lower is better; equal ranks are left to the order of the catalog.

    Args:
        candidates: What else would do.
        chosen: What is already in the plan.
    """
    selection = policies.selection
    return (
        not is_any_of(capability, selection.require),
        is_any_of(capability, selection.avoid),
        _place(capability, selection.prefer),
        _objective(capability, policies, chosen),
        any(capability.id in other.fallbacks for other in candidates),
        capability.cost,
        capability.latency_ms,
    )


def _place(capability: Capability, entries: Sequence[str]) -> int:
    places = (place for place, entry in enumerate(entries) if is_named(capability, entry))
    return next(places, len(entries))


def _objective(capability: Capability, policies: PlannerPolicies, chosen: Collection[Capability]) -> tuple[float, ...]:
    match policies.optimisation.objective:
        case "speed":
            return (capability.latency_ms,)
        case "token_efficiency":
            return (capability.cost,)
        case "quality":
            return (QUALITY_TAG not in capability.tags, -capability.cost)
        case "diversity":
            return (float(sum(len(set(capability.tags) & set(other.tags)) for other in chosen)),)
        case None:
            return ()
