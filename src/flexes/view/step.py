"""One step of a run, as every view looks at it: an event, with the state before and after it."""

from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from flexes.run.events import Event
from flexes.run.persistent import FacetWrite
from flexes.run.records import HumanRequest
from flexes.run.state import State

E = TypeVar("E", bound=Event)


class Step(NamedTuple, Generic[E]):
    """An event and the states around it; `before` is None for the first event of a run."""

    event: E
    before: State | None
    after: State

    @property
    def plan_version(self) -> int:
        """The plan version in force after the event; 0 before the first plan."""
        return self.after.plan_version

    def capability_of(self, node_id: str | None) -> str | None:
        """Return the capability of a node of the plan; None for no node, or one that left the plan."""
        plan = self.after.plan
        node = plan.by_id.get(node_id) if plan and node_id is not None else None
        return node.capability if node else None

    def request(self, request_id: str) -> HumanRequest | None:
        """Return a human request that was opened up to now."""
        return self.after.requests.get(request_id)

    def written(self, facets: Iterable[str], *, by_this_event: bool = False) -> dict[str, dict[str, Any]]:
        """Return the provenance of the visible value of each of these facets."""
        found = ((name, self.after.value(name)) for name in facets)
        version = self.event.version if by_this_event else None
        return {
            name: provenance(write) for name, write in found if write is not None and version in (None, write.version)
        }


def provenance(write: FacetWrite) -> dict[str, Any]:
    """Return who wrote a facet: `{node, attempt, planVersion, by?}`; node is null for the envelope."""
    found = {"node": write.node, "attempt": write.attempt, "planVersion": write.plan_version}
    return found if write.by is None else {**found, "by": write.by}


def present(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None, with their names as given."""
    return {name: value for name, value in fields.items() if value is not None}
