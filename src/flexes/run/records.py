"""The records that the state of a run is made of: small, immutable, and the same before and after a snapshot.

Costs are whole nano-units of the caller's currency, so that sums are exact and a cap is breached only when it is.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from flexes.plan.handshake import NodeStatus
from flexes.run.lifecycle import Status

NANO: Final = 1_000_000_000


def nano(amount: float) -> int:
    """Return an amount of the caller's currency in whole nano-units."""
    return round(amount * NANO)


Hold = Literal["rerun", "kept"]


class NodeState(NamedTuple):
    """How far a node has come, and what its current attempt brought.

    Attributes:
        attempt: The current attempt; 0 before the first.
        hold: Why the run did not fail with a failed node: "rerun" after hitl or pause, "kept" after replan or goto.
        note: For a failed node: why no policy helped.
        outputs: What the attempt wrote, by facet; None before it completed.
        previous: For a re-run: the undone attempt, as the capability gets it.
        unanswered: Attempts without an outcome yet, each with the capability that it invoked; none is answered twice.
        recorded: Version of the event that recorded the outputs; 0 before.
    """

    status: NodeStatus = "pending"
    attempt: int = 0
    started_at: str | None = None
    deadline_at: str | None = None
    unanswered: tuple[tuple[int, str], ...] = ()
    edited: tuple[str, ...] = ()
    cause: Mapping[str, Any] | None = None
    previous: Mapping[str, Any] | None = None
    metrics: Mapping[str, float] = {}
    validation: Mapping[str, Any] | None = None
    cost: float | None = None
    latency_ms: float | None = None
    outputs: Mapping[str, Any] | None = None
    recorded: int = 0
    not_before_at: str | None = None
    error: str | None = None
    error_code: str | None = None
    retryable: bool = False
    hold: Hold | None = None
    note: str | None = None


def answered(node: NodeState, attempt: int) -> tuple[tuple[int, str], ...]:
    """Return the node's unanswered attempts without this one."""
    return tuple([found for found in node.unanswered if found[0] != attempt])


class RemovedNode(NamedTuple):
    """A node of an earlier plan version: as it last was, and what it invoked."""

    state: NodeState
    capability: str


class Timer(NamedTuple):
    """A pending timer; timers sort by due time, then id."""

    due_at: str
    id: str
    kind: Literal["backoff", "directive", "hitl", "deadline"]
    node: str | None = None
    attempt: int = 0
    directive: str | None = None
    request: str | None = None


class HumanRequest(NamedTuple):
    """A question to a human, open until `decision` is known."""

    id: str
    policy_id: str | None
    action_path: str
    node: str | None
    attempt: int
    rationale: str | None
    approve_action: Mapping[str, Any] | None
    reject_action: Mapping[str, Any] | None
    on_timeout: Mapping[str, Any] | None
    requested_at: str
    due_at: str | None
    decision: str | None = None
    by: str | None = None
    decided_at: str | None = None
    note: str | None = None


class Handshake(NamedTuple):
    """An open request to the planner."""

    request_id: str
    attempt: int
    base_version: int
    intents: tuple[Mapping[str, Any], ...]
    diagnostics: tuple[Mapping[str, Any], ...]


class PolicyCount(NamedTuple):
    """What one directive has done so far; never reset.

    Attributes:
        attempts: Extra runs by goto, by counting key (run or node, and action path).
    """

    triggers: int = 0
    replans: int = 0
    attempts: Mapping[str, int] = {}
    cooldown_until_at: str | None = None


Tally = tuple[str, str, str | None]
"""What is counted of evaluations: a directive, an outcome, and the reason if it was skipped."""

TALLIED: Final[Mapping[str, tuple[str, str | None]]] = {
    "matched": ("matched", None),
    "skipped:false": ("skipped", "false"),
    "skipped:missing": ("skipped", "missing"),
    "invalid": ("invalid", None),
    "disabled": ("disabled", None),
    "opted_out": ("opted_out", None),
    "cooling_down": ("cooling_down", None),
    "target_missing": ("target_missing", None),
    "exhausted": ("exhausted", None),
    "superseded": ("superseded", None),
}
"""The outcomes of a directive by the names under which they are shown, with what stands for them in a tally."""


class Ending(NamedTuple):
    """How the run ended."""

    status: Status
    output: Any = None
    code: str | None = None
    message: str | None = None
    policy_id: str | None = None
    action: str | None = None
    node_id: str | None = None
    details: Mapping[str, Any] = {}


class PlanVersion(NamedTuple):
    """What one plan version was for."""

    version: int
    triggers: tuple[str, ...]
    rationale: str


class CommandSeen(NamedTuple):
    """Where a command's commit lies, so that the same key gets the same answer."""

    first_version: int
    last_version: int
