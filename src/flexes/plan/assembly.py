"""A first plan while it is put together: capabilities in an order in which each one's inputs are there.

Rules:
1. A facet that is given or already written needs no producer. Else the preferred capability is taken among
   those that can be derived without that facet; a human one only where no machine could do it.
2. Whatever a capability needs is put in before it, depth first.
3. A node depends on the last writer of each facet that it reads or writes: writers of one facet are in order.
"""

from collections.abc import Collection, Mapping, Sequence

from flexes.envelope.capability import Capability
from flexes.plan.derivation import derivable
from flexes.plan.facets import capability_producers
from flexes.plan.handshake import PlannerRequest
from flexes.plan.plan import PlanNode
from flexes.plan.preference import Rank, preference
from flexes.plan.selection import is_usable


class Assembly:
    """Capabilities chosen so far, and what they write; each capability is used once."""

    def __init__(self, request: PlannerRequest, *, shortest: bool) -> None:
        self.request = request
        self.chosen: dict[str, Capability] = {}
        self.usable = tuple(one for one in request.catalog.by_id.values() if is_usable(one, request.policies))
        self.machines = tuple(one for one in self.usable if one.kind != "human")
        self._shortest = shortest
        self._makers = capability_producers(self.usable)
        self._depends_on: dict[str, tuple[str, ...]] = {}
        self._writer: dict[str, str] = {}

    def has(self, facet: str) -> bool:
        """Return whether the facet is given or already written."""
        return facet in self.request.inputs or facet in self._writer

    def nodes(self) -> tuple[PlanNode, ...]:
        """Return the plan's nodes, each named after its capability."""
        return tuple(
            PlanNode(id=name, capability=name, depends_on=depends_on) for name, depends_on in self._depends_on.items()
        )

    def cover(self, facet: str) -> bool:
        """Put in what makes the facet; return false, changing nothing, where it cannot be made."""
        producer = None if self.has(facet) else self._producer(facet, {facet})
        if producer is not None:
            self._put_in(producer, facet)
        return self.has(facet)

    def include(self, ids: Collection[str]) -> bool:
        """Put in one of these capabilities unless one is there; return false where none can be."""
        if any(name in self.chosen for name in ids):
            return True
        found = self._best(ids, (), nearest=True)
        if found is not None:
            self._put_in(found, None)
        return found is not None

    def _put_in(self, capability: Capability, facet: str | None) -> None:
        open_goals = [(facet, capability)]
        while open_goals:
            sought, maker = open_goals[-1]
            missing = next((needed for needed in maker.inputs if not self.has(needed)), None)
            if sought is not None and self.has(sought):
                open_goals.pop()  # something that was put in for its inputs wrote the facet, too
            elif missing is None:
                self._append(maker)
                open_goals.pop()
            else:
                without = {missing, *(goal for goal, _ in open_goals if goal is not None)}
                open_goals.append((missing, self._certain_producer(missing, without)))

    def _certain_producer(self, facet: str, without: Collection[str]) -> Capability:
        """Return what makes a facet that is known to be derivable; a single maker needs no look ahead."""
        makers = self._makers[facet]
        producer = makers[0] if len(makers) == 1 else self._producer(facet, without)
        assert producer is not None, f"'{facet}' is an input of a capability that was found derivable"
        return producer

    def _append(self, capability: Capability) -> None:
        touched = (*capability.inputs, *capability.outputs)
        writers = {self._writer[facet] for facet in touched if facet in self._writer}
        self._depends_on[capability.id] = tuple(name for name in self.chosen if name in writers)
        self.chosen[capability.id] = capability
        self._writer.update(dict.fromkeys(capability.outputs, capability.id))

    def _producer(self, facet: str, without: Collection[str]) -> Capability | None:
        return self._best([maker.id for maker in self._makers.get(facet, ())], without, nearest=self._shortest)

    def _best(self, ids: Collection[str], without: Collection[str], *, nearest: bool) -> Capability | None:
        """Return the preferred derivable one of these capabilities, a machine if one can do it."""
        for pool in (self.machines, self.usable):
            rounds = derivable(pool, {*self.request.inputs, *self._writer}, without)
            found = tuple(one for one in pool if one.id in ids and one.id in rounds)
            if found:
                return self._preferred(found, rounds if nearest else {})
        return None

    def _preferred(self, candidates: Sequence[Capability], rounds: Mapping[str, int]) -> Capability:
        def rank(capability: Capability) -> tuple[int, Rank]:
            near = rounds.get(capability.id, 0)
            return near, preference(capability, self.request.policies, candidates, self.chosen.values())

        return min(candidates, key=rank)
