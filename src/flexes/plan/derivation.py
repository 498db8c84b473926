"""What can be derived from what: capabilities read as rules that turn facets into facets.

Looking ahead replaces backtracking: a capability counts as derivable without some facets if its inputs can be
made while those stay unmade. To choose a producer of a facet only among those derivable without it, and
without what is already being sought for it, never ends in a circle and never needs to be taken back.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence

from flexes.envelope.capability import Capability, Catalog
from flexes.plan.selection import is_usable
from flexes.policy.authored import PlannerPolicies


def derivable(
    capabilities: Sequence[Capability], present: Collection[str], without: Collection[str] = ()
) -> Mapping[str, int]:
    """Return the ids of the capabilities whose inputs can be made, each with the round when they are there.

    Args:
        present: Facets that are there before the first round.
        without: Facets that must stay unmade.
    """
    readers, waiting = _readers(capabilities, present)
    ready = deque((capability, 1) for capability in capabilities if not waiting[capability.id])
    made = {*present, *without}
    rounds: dict[str, int] = {}
    while ready:
        capability, rank = ready.popleft()
        rounds[capability.id] = rank
        fresh = (facet for facet in capability.outputs if facet not in made)
        for facet in dict.fromkeys(fresh):
            made.add(facet)
            for reader in readers.get(facet, ()):
                waiting[reader.id] -= 1
                if not waiting[reader.id]:
                    ready.append((reader, rank + 1))
    return rounds


def why_not(facet: str, catalog: Catalog, policies: PlannerPolicies, given: Collection[str]) -> str:
    """Return why a facet cannot be made: the chain of needs from it down to what is missing."""
    usable = tuple(capability for capability in catalog.capabilities if is_usable(capability, policies))
    rounds = derivable(usable, given)
    present = {
        *given,
        *(made for capability in usable if capability.id in rounds for made in capability.outputs),
    }
    chain: list[str] = []
    sought = {facet}
    while True:
        maker = next((capability for capability in usable if facet in capability.outputs), None)
        if maker is None:
            return "".join(chain) + _no_maker(facet, catalog)
        facet = next(needed for needed in maker.inputs if needed not in present)
        if facet in sought:
            return "".join(chain) + f"{maker.id} needs '{facet}' to make it: give '{facet}' in the inputs"
        sought.add(facet)
        chain.append(f"{maker.id} needs '{facet}', ")


def _readers(
    capabilities: Sequence[Capability], present: Collection[str]
) -> tuple[Mapping[str, Sequence[Capability]], dict[str, int]]:
    readers: dict[str, list[Capability]] = {}
    waiting: dict[str, int] = {}
    known = frozenset(present)
    for capability in capabilities:
        lacking = tuple(facet for facet in dict.fromkeys(capability.inputs) if facet not in known)
        waiting[capability.id] = len(lacking)
        for facet in lacking:
            readers.setdefault(facet, []).append(capability)
    return readers, waiting


def _no_maker(facet: str, catalog: Catalog) -> str:
    barred = [capability.id for capability in catalog.capabilities if facet in capability.outputs]
    if barred:
        return f"'{facet}' is made only by {', '.join(barred)}, which the planner may not use"
    return f"nothing makes '{facet}': give it in the inputs or register a capability for it"
