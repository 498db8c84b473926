"""The events of a run: a closed registry, and a storage format.

Rules:
1. A stored name is never renamed or reused; fields are only added, with a default; a changed meaning is a new
   schema version with an upcaster.
2. Fields hold plain JSON, so that an event read back is the event that was written. The fold parses the few large
   documents (envelope, context, plan nodes) itself.
3. The first event of a commit holds everything that the command said, so that the command can be rebuilt from it.
"""

from typing import Any, ClassVar

from pydantic import Field, computed_field

from flexes.envelope.model import Json, Model
from flexes.ids import RunId
from flexes.run.effects import operation_id

Document = dict[str, Any]
"""Plain JSON that was validated when it entered; stored and folded as it is."""


class Event(Model, frozen=True):
    """An immutable fact of a run; `(run_id, version)` is unique.

    Attributes:
        at: When the command was given (instant).
        actor: Who gave it: a person, `system`, `driver` or `planner`.
        command_id: The command that caused it; events of one command are one commit.
        plan_version: The plan version in force; 0 before the first plan.
        decider: Version of the rules that decided it.
        schema_version: Version of this event type's stored shape.
    """

    kind: ClassVar[str]

    run_id: str
    version: int
    at: str
    actor: str
    command_id: str
    plan_version: int
    decider: int
    schema_version: int = 1


class RunStarted(Event, frozen=True):
    """A task was submitted; holds all that later decisions depend on."""

    envelope: Document
    context: Document
    catalog: Document
    flags: Document


class PlanRequested(Event, frozen=True):
    """The planner is asked, for the first plan or for a delta."""

    request_id: str
    attempt: int
    base_version: int
    intents: tuple[Document, ...] = ()
    diagnostics: tuple[Document, ...] = ()


class PlanGenerated(Event, frozen=True):
    """Plan version 1; `draft` is the answer as the planner gave it."""

    request_id: str
    draft: Document
    rationale: str
    facets: tuple[Document, ...]
    contracts: Document
    diagnostics: tuple[Document, ...] = ()


class PlanUpdated(Event, frozen=True):
    """A later plan version: an immutable delta with rationale and triggers."""

    request_id: str
    previous_version: int
    new_version: int
    delta: Document
    rationale: str
    triggers: tuple[str, ...]
    unanswered: tuple[Document, ...]
    facets: tuple[Document, ...]
    contracts: Document
    diagnostics: tuple[Document, ...] = ()


class PlanRejected(Event, frozen=True):
    """An answer of the planner was refused, or the planner declined or crashed."""

    request_id: str
    attempt: int
    declined: bool
    answer: Document
    diagnostics: tuple[Document, ...]


class AttemptEvent(Event, frozen=True):
    """A fact about one attempt of a node, which is one invocation of its capability."""

    node_id: str
    attempt: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def operation_id(self) -> str:
        """The id of the invocation; it follows from run, node and attempt, and is not stored."""
        return operation_id(RunId(self.run_id), self.node_id, self.attempt)


class NodeStarted(AttemptEvent, frozen=True):
    """An attempt of a node begins; a capability may be invoked with this operation id."""

    capability_id: str
    deadline_at: str | None = None
    timers: tuple[tuple[str, str], ...] = ()


class NodeCompleted(AttemptEvent, frozen=True):
    """The current attempt delivered its outputs."""

    outputs: Document
    cost: float
    latency_ms: float
    metrics: dict[str, float] = Field(default_factory=dict)
    cost_estimated: bool = False
    latency_estimated: bool = False
    validation: Document | None = None
    by: str | None = None


class NodeFailed(AttemptEvent, frozen=True):
    """The current attempt failed; for `output_invalid` the refused payload is kept."""

    code: str
    error: str
    cost: float
    latency_ms: float
    retryable: bool = False
    metrics: dict[str, float] = Field(default_factory=dict)
    cost_estimated: bool = False
    latency_estimated: bool = False
    outputs: Document | None = None
    validation: Document | None = None
    issues: tuple[Document, ...] = ()


class NodeSuperseded(Event, frozen=True):
    """The late result of an attempt that was reset; its cost counts, its outputs do not."""

    node_id: str
    attempt: int
    outcome: Document
    cost: float


class NodesReset(Event, frozen=True):
    """Attempts are undone so that their nodes run again.

    Attributes:
        nodes: Pairs of node id and the attempt that no longer counts.
        cause: Why: directive, action, trigger node.
        not_before_at: When the target may start again.
    """

    target: str
    nodes: tuple[tuple[str, int], ...]
    cause: Document
    not_before_at: str | None = None


class RewriteStarted(Event, frozen=True):
    """A node that rewrites another one is about to start."""

    node_id: str
    copy_of: str
    directives: tuple[str, ...]


class SignalReceived(Event, frozen=True):
    """A signal from outside arrived."""

    signal: Document


class SignalEvaluated(Event, frozen=True):
    """Every directive that looked at a signal, with its outcome, in total order.

    Attributes:
        outcomes: Triples of directive id, outcome, and reason (null where there is none).
    """

    signal_id: str
    signal_kind: str
    node_id: str | None
    attempt: int | None
    outcomes: tuple[tuple[str, str, str | None], ...]


class SignalDeferred(Event, frozen=True):
    """A signal or an action waits in the inbox until the run is running."""

    item: Document


class SignalTaken(Event, frozen=True):
    """The oldest item left the inbox; `dropped` says why it was not evaluated."""

    item_id: str
    dropped: str | None = None


class TimerFired(Event, frozen=True):
    """A timer came due."""

    timer_id: str
    timer_kind: str
    due_at: str
    node_id: str | None = None
    directive: str | None = None
    request_id: str | None = None


class ManualTriggered(Event, frozen=True):
    """A person fired a manual directive."""

    policy_id: str


class PolicyTriggered(Event, frozen=True):
    """An action takes effect; one shape for all six (semantics 11)."""

    policy_id: str
    action: str
    action_details: Document
    trigger_kind: str
    source: str
    node_id: str | None = None
    capability_id: str | None = None
    cause: str | None = None
    attempt: int | None = None
    max_attempts: int | None = None
    predicate: Document | None = None
    request_id: str | None = None
    cooldown_until_at: str | None = None
    attempts_key: str | None = None


class PolicyEmitted(Event, frozen=True):
    """An emit action published its observation."""

    policy_id: str
    event: str
    payload: Json = None
    node_id: str | None = None


class GuardRailTripped(Event, frozen=True):
    """A cap held: the rail, its value where it is a number, and what follows."""

    rail: str
    limit: int | None = None
    policy_id: str | None = None
    node_id: str | None = None
    follow_up: str | None = None


class HitlRequested(Event, frozen=True):
    """A human is asked: by a directive, or by a human node (`policy_id` null)."""

    request_id: str
    policy_id: str | None
    action_path: str
    node_id: str | None
    attempt: int | None
    rationale: str | None
    approve_action: Document | None = None
    reject_action: Document | None = None
    on_timeout: Document | None = None
    due_at: str | None = None


class HitlResolved(Event, frozen=True):
    """A human, or the time limit, decided a request."""

    request_id: str
    decision: str
    by: str
    note: str | None = None
    edits: Document = Field(default_factory=dict)


class Paused(Event, frozen=True):
    """The run is suspended, by a person or by a directive."""

    reason: str | None = None
    policy_id: str | None = None
    node_id: str | None = None


class Resumed(Event, frozen=True):
    """A paused run goes on."""


class Completed(Event, frozen=True):
    """The run delivered its output."""

    output: Json


class Failed(Event, frozen=True):
    """The run ended without its output; `code` is stable, `details` names facets, nodes or paths."""

    code: str
    message: str
    policy_id: str | None = None
    action: str | None = None
    node_id: str | None = None
    details: Document = Field(default_factory=dict)


class Cancelled(Event, frozen=True):
    """The run was called off."""

    reason: str | None = None


EVENT_TYPES: dict[str, type[Event]] = {
    event.__name__: event
    for event in (
        RunStarted, PlanRequested, PlanGenerated, PlanUpdated, PlanRejected, NodeStarted, NodeCompleted, NodeFailed,
        NodeSuperseded, NodesReset, RewriteStarted, SignalReceived, SignalEvaluated, SignalDeferred, SignalTaken,
        TimerFired, ManualTriggered, PolicyTriggered, PolicyEmitted, GuardRailTripped, HitlRequested, HitlResolved,
        Paused, Resumed, Completed, Failed, Cancelled,
    )
}  # fmt: skip
"""Every event type by its stored name; nothing else is ever loaded."""

for _name, _event in EVENT_TYPES.items():
    _event.kind = _name

TERMINAL: frozenset[str] = frozenset({"Completed", "Failed", "Cancelled"})
