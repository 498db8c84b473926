"""Scenario files: an envelope, scripted capabilities, and what planner, humans and the outside do (interfaces 3)."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from flexes.envelope.capability import Capability, Catalog, Facet
from flexes.envelope.model import Amount, Flag, Json, Millis, Model, Name, Number, Text
from flexes.plan.plan import PlanNode
from flexes.policy.envelope import TaskEnvelope
from flexes.policy.signal import SignalEnvelope, Validation
from flexes.run.commands import Flags


class ScriptedOutcome(Model, frozen=True):
    """What one invocation comes to: outputs, or an error. `latencyMs` is also its time on the virtual clock."""

    outputs: dict[Name, Json] = {}
    metrics: dict[Name, Number] = {}
    cost: Amount | None = None
    latency_ms: Millis | None = None
    validation: Validation | None = None
    error: Text | None = None
    retryable: Flag = False

    @model_validator(mode="after")
    def _result_or_error(self) -> "ScriptedOutcome":
        if self.error is not None and (self.outputs or self.validation):
            raise PydanticCustomError("bad_script", "an entry has outputs or an error, not both")
        return self


class ScriptedCapability(Capability, frozen=True):
    """A capability with one script entry an invocation; the last one repeats. Without any it fails its node."""

    script: tuple[ScriptedOutcome, ...] = ()

    def declared(self) -> Capability:
        """Return the capability as a catalog has it."""
        return Capability.model_validate({name: getattr(self, name) for name in Capability.model_fields})


class ScriptedPlan(Model, frozen=True):
    """The first draft."""

    nodes: Annotated[tuple[PlanNode, ...], Field(min_length=1)]
    rationale: Text = ""


class ScriptedDecision(Model, frozen=True):
    """What a human says when asked."""

    decision: Literal["approve", "reject"]
    by: Name = "reviewer@example.com"
    note: Text | None = None
    edits: dict[Name, Json] = {}


class Step(Model, frozen=True):
    """One outside action; exactly one key."""

    resume: Flag | None = None
    pause: Text | None = None
    signal: SignalEnvelope | None = None
    trigger: Name | None = None
    cancel: Text | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Step":
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("bad_step", "a step has exactly one of resume, pause, signal, trigger, cancel")
        return self


class Scenario(Model, frozen=True):
    """A scripted run.

    Attributes:
        plan: The first draft; None lets the built-in planner draft.
        planner: Answers to replan requests as they come, garbage included; None for the built-in planner.
    """

    envelope: TaskEnvelope
    capabilities: Annotated[tuple[ScriptedCapability, ...], Field(min_length=1)]
    facets: dict[Name, Facet] = {}
    plan: ScriptedPlan | None = None
    planner: tuple[dict[str, Any], ...] | None = None
    humans: tuple[ScriptedDecision, ...] = ()
    steps: tuple[Step, ...] = ()
    flags: Flags = Flags()
    name: Text | None = None
    description: Text | None = None

    @model_validator(mode="after")
    def _distinct_capabilities(self) -> "Scenario":
        seen: set[str] = set()
        for index, capability in enumerate(self.capabilities):
            if capability.id in seen:
                raise PydanticCustomError(
                    "duplicate_id",
                    "capability {id} is declared twice; remove one",
                    {
                        "id": capability.id,
                        "pointer": f"/capabilities/{index}/id",
                        "value": repr(capability.id),
                    },
                )
            seen.add(capability.id)
        return self

    @property
    def catalog(self) -> Catalog:
        """The capabilities and facets, as a run stores them."""
        return Catalog(capabilities=tuple(found.declared() for found in self.capabilities), facets=dict(self.facets))
