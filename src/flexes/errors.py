"""Everything that flexes raises, as one tree.

FlexesError
├── InvalidDocument            a document was refused: one Problem a fault, each with code, pointer, value, remedy
│   └── PredicateError         a `when` was refused, with the column of a text
├── CommandRejected            a run refused a command and is unchanged
│   ├── RunNotFound            run_not_found
│   ├── RunExists              run_exists
│   ├── InvalidRunState        invalid_run_state
│   ├── HitlPending            hitl_pending
│   ├── AlreadyResolved        already_resolved
│   ├── RequestNotFound        request_not_found
│   ├── InvalidEdits           invalid_edits
│   ├── PolicyNotFound         policy_not_found
│   ├── PolicyNotManual        policy_not_manual
│   ├── NodeNotFound           node_not_found
│   ├── StalePlanVersion       stale_plan_version
│   ├── VersionConflict        version_conflict
│   └── IdempotencyConflict    idempotency_conflict
├── StoreError                 the store could not do its work
│   ├── StoreUnavailable       store_unavailable
│   ├── UnknownStore           unknown_store
│   └── UnreadableEvent        unreadable_event
└── NodeError                  raised by a capability to fail its node

Each class has a stable `code`; its facts are attributes; its text says what to do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class FlexesError(Exception):
    """The root of all errors that flexes raises."""

    code: ClassVar[str] = "flexes_error"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a document.

    Attributes:
        code: Stable name of the rule that was broken.
        pointer: JSON pointer (RFC 6901) of the fault; empty for the whole document.
        message: What is wrong, and the remedy.
        value: The offending value as short text; empty where there is none.
    """

    code: str
    pointer: str
    message: str
    value: str = ""

    def __str__(self) -> str:
        """Return the fault as one line: where, what, and which value."""
        shown = f" (got {self.value})" if self.value else ""
        return f"{self.pointer or '/'}: {self.message}{shown} [{self.code}]"


class InvalidDocument(FlexesError):
    """A document was refused; nothing was stored."""

    code = "invalid_document"

    def __init__(self, problems: Iterable[Problem], what: str = "document") -> None:
        self.problems = tuple(problems)
        self.what = what
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"the {what} has {len(self.problems)} fault(s):\n{lines}")


class PredicateError(InvalidDocument):
    """A `when` predicate was refused.

    Attributes:
        problem: The one fault; its pointer is relative to the `when`.
        column: Column in the text form, from 1; None for the JSON form.
    """

    def __init__(self, problem: Problem, column: int | None = None) -> None:
        self.problem = problem
        self.column = column
        super().__init__((problem,), "predicate")


class CommandRejected(FlexesError):
    """A run refused a command; the run is unchanged."""

    code = "command_rejected"

    def __init__(self, message: str, **facts: object) -> None:
        self.facts = facts
        super().__init__(message)


class RunNotFound(CommandRejected):
    """No run has this id."""

    code = "run_not_found"


class RunExists(CommandRejected):
    """A run with this id was already started by another command."""

    code = "run_exists"


class InvalidRunState(CommandRejected):
    """The run's status does not allow the command."""

    code = "invalid_run_state"


class HitlPending(CommandRejected):
    """A human decision is awaited; decide it first."""

    code = "hitl_pending"


class AlreadyResolved(CommandRejected):
    """Somebody else decided this request first."""

    code = "already_resolved"


class RequestNotFound(CommandRejected):
    """The run never opened a human request with this id."""

    code = "request_not_found"


class InvalidEdits(CommandRejected):
    """A reviewer's edits break a facet's schema or leave a human node without its outputs."""

    code = "invalid_edits"


class PolicyNotFound(CommandRejected):
    """The run has no directive with this id."""

    code = "policy_not_found"


class PolicyNotManual(CommandRejected):
    """The directive exists but its trigger is not `manual`."""

    code = "policy_not_manual"


class NodeNotFound(CommandRejected):
    """The run's plan has no node with this id."""

    code = "node_not_found"


class StalePlanVersion(CommandRejected):
    """The command speaks of a plan version or planner request that is no longer current."""

    code = "stale_plan_version"


class VersionConflict(CommandRejected):
    """Another writer appended first; load the run again and decide again."""

    code = "version_conflict"


class IdempotencyConflict(CommandRejected):
    """The idempotency key was already used for a command with other content."""

    code = "idempotency_conflict"


class StoreError(FlexesError):
    """The store could not do its work."""

    code = "store_error"


class StoreUnavailable(StoreError):
    """The database cannot be opened or reached."""

    code = "store_unavailable"


class UnknownStore(StoreError):
    """The store URL names no store that flexes has."""

    code = "unknown_store"


class UnreadableEvent(StoreError):
    """A stored event has a type or schema version that this release cannot read."""

    code = "unreadable_event"


class NodeError(FlexesError):
    """Raised by a capability to fail its node.

    Attributes:
        message: What happened; recorded with the node.
        retryable: Whether the same call may succeed later. Default false (semantics 4).
        cost: What the failed call cost; None means the estimate.
    """

    code = "node_error"

    def __init__(self, message: str, *, retryable: bool = False, cost: float | None = None) -> None:
        self.message = message
        self.retryable = retryable
        self.cost = cost
        super().__init__(message)
