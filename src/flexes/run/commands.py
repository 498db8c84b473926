"""Commands: what a run can be asked to do. Ids and times are made by the shell and arrive here."""

from typing import Annotated, Literal

from pydantic import Field

from flexes.envelope.capability import Catalog
from flexes.envelope.model import Amount, Count, Flag, Json, Millis, Model, Name, Number, Text
from flexes.plan.handshake import Crashed, Decline, Delta, Draft
from flexes.policy.context import PolicyContext
from flexes.policy.signal import SignalEnvelope, Validation


class Flags(Model, frozen=True):
    """What the deployment switches on (semantics 9); recorded when the run starts."""

    policy_engine: Flag = True
    predicates: Flag = True
    action_dispatcher: Flag = True
    replanning: Flag = True


class Result(Model, frozen=True):
    """What an attempt delivered.

    Attributes:
        cost: None when the capability did not say; the estimate counts then.
        latency_ms: None when nobody measured; the estimate counts then.
    """

    type: Literal["result"] = "result"
    outputs: dict[Name, Json] = Field(default_factory=dict)
    metrics: dict[Name, Number] = Field(default_factory=dict)
    cost: Amount | None = None
    latency_ms: Millis | None = None
    validation: Validation | None = None


class Failure(Model, frozen=True):
    """Why an attempt delivered nothing."""

    type: Literal["failure"] = "failure"
    code: Name = "node_error"
    error: Text
    retryable: Flag = False
    metrics: dict[Name, Number] = Field(default_factory=dict)
    cost: Amount | None = None
    latency_ms: Millis | None = None


class CommandBase(Model, frozen=True):
    """What every command carries."""

    run_id: Name
    id: Name
    at: Name
    actor: Name = "system"


class StartRun(CommandBase, frozen=True):
    """Start a run; the context and the catalog are stored with it."""

    type: Literal["start_run"] = "start_run"
    envelope: dict[str, Json]
    context: PolicyContext
    catalog: Catalog
    flags: Flags = Flags()


class AnswerPlanner(CommandBase, frozen=True):
    """Record what the planner answered to an open request."""

    type: Literal["answer_planner"] = "answer_planner"
    request_id: Name
    answer: Annotated[Draft | Delta | Decline | Crashed, Field(discriminator="type")]


class RecordOutcome(CommandBase, frozen=True):
    """Record what an attempt of a node came to."""

    type: Literal["record_outcome"] = "record_outcome"
    node_id: Name
    attempt: Count
    outcome: Annotated[Result | Failure, Field(discriminator="type")]


class FireTimer(CommandBase, frozen=True):
    """Apply a timer that is due; does nothing when it is no longer pending."""

    type: Literal["fire_timer"] = "fire_timer"
    timer_id: Name


class ResolveHitl(CommandBase, frozen=True):
    """Decide an open human request; the first decision wins."""

    type: Literal["resolve_hitl"] = "resolve_hitl"
    request_id: Name
    decision: Literal["approve", "reject"]
    note: Text | None = None
    edits: dict[Name, Json] = {}


class PauseRun(CommandBase, frozen=True):
    """Suspend the run."""

    type: Literal["pause_run"] = "pause_run"
    reason: Text | None = None


class ResumeRun(CommandBase, frozen=True):
    """Go on; on an active run this appends nothing."""

    type: Literal["resume_run"] = "resume_run"


class CancelRun(CommandBase, frozen=True):
    """End the run."""

    type: Literal["cancel_run"] = "cancel_run"
    reason: Text | None = None


class TriggerPolicy(CommandBase, frozen=True):
    """Fire a directive whose trigger is `manual`."""

    type: Literal["trigger_policy"] = "trigger_policy"
    policy_id: Name


class ReceiveSignal(CommandBase, frozen=True):
    """Take in a signal from outside."""

    type: Literal["receive_signal"] = "receive_signal"
    signal: SignalEnvelope


Command = Annotated[
    StartRun
    | AnswerPlanner
    | RecordOutcome
    | FireTimer
    | ResolveHitl
    | PauseRun
    | ResumeRun
    | CancelRun
    | TriggerPolicy
    | ReceiveSignal,
    Field(discriminator="type"),
]
