"""Questions about a DAG of ids, answered from one pass over it.

Ancestors are bit sets in a topological order, so that "the nearest upstream of these" is one AND and one bit
length. Order of results is the order in which the ids were given, unless it says otherwise.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property


class Graph:
    """A dependency graph: each id with those that it depends on. Unknown ids are ignored, cycles reported."""

    def __init__(self, depends_on: Mapping[str, Sequence[str]]) -> None:
        self.depends_on = depends_on
        self.index = {node: position for position, node in enumerate(depends_on)}

    @cached_property
    def dependents(self) -> Mapping[str, tuple[str, ...]]:
        """For each id, the ids that depend on it directly."""
        found: dict[str, list[str]] = {node: [] for node in self.depends_on}
        for node, dependencies in self.depends_on.items():
            for dependency in dict.fromkeys(dependencies):
                if dependency in found:
                    found[dependency].append(node)
        return {node: tuple(children) for node, children in found.items()}

    @cached_property
    def degree(self) -> Mapping[str, int]:
        """For each id, how many different ids it depends on directly."""
        return {node: len(set(found)) if len(found) > 1 else len(found) for node, found in self.depends_on.items()}

    @cached_property
    def topological(self) -> tuple[str, ...]:
        """The ids, dependencies first; ids on or behind a cycle are missing."""
        waiting = {node: len(self._known(dependencies)) for node, dependencies in self.depends_on.items()}
        ready = deque(node for node, count in waiting.items() if count == 0)
        order: list[str] = []
        while ready:
            node = ready.popleft()
            order.append(node)
            for child in self.dependents[node]:
                waiting[child] -= 1
                if waiting[child] == 0:
                    ready.append(child)
        return tuple(order)

    @cached_property
    def cyclic(self) -> tuple[str, ...]:
        """The ids on or behind a cycle; empty for a DAG."""
        placed = set(self.topological)
        return tuple(node for node in self.depends_on if node not in placed)

    @cached_property
    def depth(self) -> int:
        """The number of ids on the longest chain."""
        depths: dict[str, int] = {}
        for node in self.topological:
            parents = self._known(self.depends_on[node])
            depths[node] = 1 + max((depths[parent] for parent in parents), default=0)
        return max(depths.values(), default=0)

    def is_ancestor(self, ancestor: str, node: str) -> bool:
        """Return whether node depends on ancestor, directly or not; a parent is found without the bit sets."""
        if ancestor in self.depends_on.get(node, ()):
            return ancestor in self.index
        place = self._place.get(ancestor)
        return place is not None and bool(self._ancestors.get(node, 0) >> place & 1)

    def mask_of(self, nodes: Iterable[str]) -> int:
        """Return the ids as one bit set, to be asked of many nodes with `depends_on_any`."""
        mask = 0
        for node in nodes:
            if node in self._place:
                mask |= 1 << self._place[node]
        return mask

    def depends_on_any(self, node: str, mask: int) -> bool:
        """Return whether node depends, directly or not, on an id of a `mask_of`."""
        return bool(mask & self._ancestors.get(node, 0))

    def in_order(self, nodes: Iterable[str]) -> tuple[str, ...]:
        """Return those of the ids that are placed in the order, dependencies first."""
        placed = (node for node in dict.fromkeys(nodes) if node in self._place)
        return tuple(sorted(placed, key=self._place.__getitem__))

    def nearest(self, candidates: Iterable[str], node: str) -> str | None:
        """Return the last of the candidates, in topological order, that node depends on."""
        found = self.mask_of(candidates) & self._ancestors.get(node, 0)
        return self.topological[found.bit_length() - 1] if found else None

    def ancestors(self, node: str) -> tuple[str, ...]:
        """Return everything that node depends on, nearest last (topological order)."""
        mask = self._ancestors.get(node, 0)
        return tuple(other for place, other in enumerate(self.topological) if mask >> place & 1)

    def descendants(self, node: str) -> tuple[str, ...]:
        """Return everything that depends on node, directly or not."""
        found: set[str] = set()
        pending = list(self.dependents.get(node, ()))
        while pending:
            child = pending.pop()
            if child not in found:
                found.add(child)
                pending.extend(self.dependents[child])
        return tuple(sorted(found, key=self.index.__getitem__))

    @cached_property
    def sinks(self) -> tuple[str, ...]:
        """The ids that nothing depends on."""
        return tuple(node for node in self.depends_on if not self.dependents[node])

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {node: place for place, node in enumerate(self.topological)}

    @cached_property
    def _ancestors(self) -> Mapping[str, int]:
        masks: dict[str, int] = {}
        for node in self.topological:
            mask = 0
            for parent in self._known(self.depends_on[node]):
                mask |= masks[parent] | 1 << self._place[parent]
            masks[node] = mask
        return masks

    def _known(self, dependencies: Sequence[str]) -> tuple[str, ...]:
        return tuple(parent for parent in dict.fromkeys(dependencies) if parent in self.depends_on)
