"""The state of a run: what its events add up to, and nothing else.

Counters stand where a scan would: what is unfinished, what is ready, what is still to be paid.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from immutables import Map

from flexes.envelope.capability import Capability, Catalog
from flexes.envelope.contract import OutputContract
from flexes.ids import Instant, RunId
from flexes.plan.plan import Plan, PlanNode
from flexes.policy.context import PolicyContext
from flexes.policy.signal import NodeSeen
from flexes.run.commands import Flags
from flexes.run.lifecycle import ACTIVE, FINAL, Phase, Status
from flexes.run.persistent import FacetWrite, writes
from flexes.run.records import (
    NANO,
    TALLIED,
    CommandSeen,
    Ending,
    Handshake,
    HumanRequest,
    NodeState,
    PlanVersion,
    PolicyCount,
    RemovedNode,
    Tally,
    Timer,
)

_new = object.__new__
_put = object.__setattr__
_NONE: Final[Map[Any, Any]] = Map()


@dataclass(frozen=True, eq=False)  # no model: nothing here needs validation, and its attributes would be slow to read
class State:
    """A run after its events so far; `evolve` makes the next one.

    Attributes:
        facets: All writes of each facet, newest first.
        ready: Pending nodes whose dependencies are completed and that wait for no timer.
        failed: Failed nodes.
        met: How many dependencies of a node are completed; only for nodes of which some are and some are not.
        unfinished: How many nodes are not completed.
        estimate_nano: Estimates of what is still to run: pending and running nodes.
        taken_away: Node definitions that deltas removed or replaced.
        removed: Nodes of earlier plan versions, as they last were.
        tallies: How often each outcome of a directive came: its id, the outcome, the reason if it was skipped.
        rewrites: Rewrites made, by original node.
    """

    run_id: RunId
    version: int
    started_at: Instant
    at: Instant
    envelope: Mapping[str, Any]
    contract: OutputContract
    context: PolicyContext
    catalog: Catalog
    flags: Flags
    correlation_id: str | None
    phase: Phase = "planning"
    paused: bool = False
    ending: Ending | None = None
    plan: Plan | None = None
    plan_versions: tuple[PlanVersion, ...] = ()
    handshake: Handshake | None = None
    nodes: Map[str, NodeState] = _NONE
    ready: Map[str, None] = _NONE
    running: Map[str, None] = _NONE
    failed: Map[str, None] = _NONE
    met: Map[str, int] = _NONE
    backing_off: int = 0
    unfinished: int = 0
    facets: Map[str, FacetWrite | None] = _NONE
    spent_nano: int = 0
    estimate_nano: int = 0
    timers: tuple[Timer, ...] = ()
    inbox: tuple[Mapping[str, Any], ...] = ()
    requests: Map[str, HumanRequest] = _NONE
    open_requests: tuple[str, ...] = ()
    policy_requests: int = 0
    policies: Map[str, PolicyCount] = _NONE
    tallies: Map[Tally, int] = _NONE
    replans: int = 0
    rewrites: Map[str, int] = _NONE
    taken_away: tuple[str, ...] = ()
    removed: Map[str, RemovedNode] = _NONE
    commands: Map[str, CommandSeen] = _NONE
    current_command: str = ""
    last_action: Mapping[str, Any] | None = None

    def __eq__(self, other: object) -> bool:
        """Return whether every field is equal."""
        return isinstance(other, State) and all(getattr(self, name) == getattr(other, name) for name in FIELDS)

    __hash__ = None  # type: ignore[assignment]

    def with_changes(self, changes: Mapping[str, Any]) -> "State":
        """Return the state with other values of these fields, of the same class, and whatever stands beside them."""
        made = _new(type(self))
        _put(made, "__dict__", {**self.__dict__, **changes})
        return made

    @property
    def status(self) -> Status:
        """The final status if ended, else paused, else awaiting_hitl, else the phase (semantics 2)."""
        if self.ending is not None:
            return self.ending.status
        if self.paused:
            return "paused"
        return "awaiting_hitl" if self.open_requests else self.phase

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self.status in FINAL

    @property
    def is_active(self) -> bool:
        """Whether the run is neither ended nor suspended."""
        return self.status in ACTIVE

    @property
    def plan_version(self) -> int:
        """The version in force; 0 before the first plan."""
        return self.plan.version if self.plan else 0

    @property
    def triggered_by(self) -> tuple[str, ...]:
        """The directives that caused the plan version in force."""
        return self.plan_versions[-1].triggers if self.plan_versions else ()

    @property
    def cost_total(self) -> float:
        """What every recorded attempt has cost."""
        return self.spent_nano / NANO

    @property
    def cost_projected(self) -> float:
        """What was spent plus the estimates of what is still to run."""
        return (self.spent_nano + self.estimate_nano) / NANO

    def value(self, facet: str) -> FacetWrite | None:
        """Return the visible write of a facet: the last by an attempt that was not reset, or None."""
        return self.facets.get(facet)

    def visible_facets(self) -> dict[str, Any]:
        """Return the visible value of every facet, by name in order."""
        return {name: write.value for name, write in sorted(self.facets.items()) if write is not None}

    def outcomes_of(self, directive: str) -> dict[str, int]:
        """Return how often each outcome of a directive came, skipped ones by reason, in the order of `TALLIED`."""
        found = ((name, self.tallies.get((directive, *outcome))) for name, outcome in TALLIED.items())
        return {name: times for name, times in found if times}

    def node_of(self, node_id: str) -> PlanNode:
        """Return a node of the plan in force."""
        assert self.plan is not None
        return self.plan.by_id[node_id]

    def capability_of(self, node_id: str) -> Capability:
        """Return the capability that a node of the plan in force invokes."""
        return self.catalog.by_id[self.node_of(node_id).capability]

    def kind_of(self, node_id: str) -> str:
        """Return the node's kind: its own, else its capability's."""
        return self.node_of(node_id).kind or self.capability_of(node_id).kind

    def in_plan_order(self, node_ids: Iterable[str]) -> list[str]:
        """Return the nodes sorted as the plan lists them."""
        assert self.plan is not None
        return sorted(node_ids, key=self.plan.graph.index.__getitem__)

    def inputs_of(self, node_id: str) -> dict[str, Any]:
        """Return a node's inputs: each facet from its nearest upstream writer, else from the envelope (semantics 4)."""
        node = self.node_of(node_id)
        names = self.capability_of(node_id).inputs if node.inputs is None else node.inputs
        found = ((name, self._upstream(name, node_id)) for name in names)
        return {name: write.value for name, write in found if write is not None}

    def seen(self, node_id: str) -> NodeSeen:
        """Return the node as selectors and `$node` see it."""
        node, capability, state = self.node_of(node_id), self.capability_of(node_id), self.nodes[node_id]
        kind = node.kind or capability.kind
        return NodeSeen(
            node_id,
            node.capability,
            kind,
            node.stage,
            capability.tags,
            state.attempt,
            state.latency_ms,
            state.cost,
        )

    def _upstream(self, facet: str, node_id: str) -> FacetWrite | None:
        assert self.plan is not None
        graph = self.plan.graph
        return next(
            (
                write
                for write in writes(self.facets.get(facet))
                if write.node is None or graph.is_ancestor(write.node, node_id)
            ),
            None,
        )


FIELDS: Final = tuple(field.name for field in fields(State))
"""The names of the fields of a state, in order."""
