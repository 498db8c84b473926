"""`TaskEnvelope.policies` as authored (semantics 5): thresholds, directives, overrides, guard rails, planner."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from flexes.envelope.capability import Kind
from flexes.envelope.model import Amount, Count, Flag, Json, Millis, Name, Number, Text
from flexes.policy.actions import Action, Backoff, Fallout, Goto, checked_nesting
from flexes.policy.legacy import PolicyModel
from flexes.policy.predicate_field import Condition, FacetPath, Predicate
from flexes.policy.selector import Selector
from flexes.predicate.limits import DEFAULT_LIMITS

TriggerKind = Literal[
    "onStart",
    "onNodeComplete",
    "onNodeFail",
    "onValidationFail",
    "onTimeout",
    "onMetricBelow",
    "onMetricAbove",
    "onHitlFeedback",
    "manual",
]
MAX_DIRECTIVES = DEFAULT_LIMITS.max_directives
METRIC_KINDS = ("onMetricBelow", "onMetricAbove")


class Trigger(PolicyModel, frozen=True):
    """When a runtime directive is looked at. `ms` belongs to onTimeout, `metric` and `threshold` to onMetric*."""

    kind: TriggerKind = "onNodeComplete"
    selector: Selector | None = None
    ms: Annotated[float, Field(strict=True, gt=0, le=1e13)] | None = None
    metric: Name | None = None
    threshold: Number | None = None
    condition: Condition | None = None

    @model_validator(mode="after")
    def _fields_of_the_kind(self) -> "Trigger":
        wants_metric = self.kind in METRIC_KINDS
        for name, value, wanted in (
            ("metric", self.metric, wants_metric),
            ("threshold", self.threshold, wants_metric),
        ):
            if wanted and value is None:
                raise _fault(f"{self.kind} needs '{name}'", f"/{name}")
            if not wanted and value is not None:
                raise _fault(f"'{name}' belongs to onMetricBelow and onMetricAbove, not to {self.kind}", f"/{name}")
        if self.ms is not None and self.kind != "onTimeout":
            raise _fault(f"'ms' belongs to onTimeout, not to {self.kind}", "/ms")
        if self.kind == "onStart" and self.selector is not None and not self.selector.is_empty:
            raise _fault("onStart comes before any node; remove the selector", "/selector")
        return self


class RuntimePolicy(PolicyModel, frozen=True):
    """One authored directive: trigger, selector, optional `when`, action (stories 8.22 and 8.23)."""

    id: Name
    enabled: Flag = True
    trigger: Trigger = Trigger()
    when: Predicate | None = None
    action: Annotated[Action, AfterValidator(checked_nesting)]
    cooldown_ms: Millis = 0.0

    @model_validator(mode="after")
    def _no_goto_on_start(self) -> "RuntimePolicy":
        if self.trigger.kind == "onStart" and isinstance(self.action, Goto):
            raise _fault("onStart comes before any node, so there is nothing to go to", "/action/type")
        return self


class Threshold(PolicyModel, frozen=True):
    """What every threshold has (story 8.9 AC1)."""

    id: Name
    enabled: Flag = True
    selector: Selector | None = None
    on_unresolved: Fallout | None = None
    cooldown_ms: Millis = 0.0


class QualityThreshold(Threshold, frozen=True):
    """A metric must not fall below `min`; breach asks for a rewrite of the target."""

    metric: Name
    min: Number
    target: Name | None = None
    max_rewrites: Count | None = None


class CostThreshold(Threshold, frozen=True):
    """Spent plus projected cost, or one invocation, must not exceed a cap; breach asks for cheaper fallbacks."""

    cap_total: Amount | None = None
    cap_per_node: Amount | None = None

    @model_validator(mode="after")
    def _one_cap_at_least(self) -> "CostThreshold":
        if self.cap_total is None and self.cap_per_node is None:
            raise _fault("a cost threshold needs capTotal, capPerNode or both", "")
        return self


class LatencyThreshold(Threshold, frozen=True):
    """A node must not take longer than `maxMs`; breach asks to swap the capability for a faster one."""

    max_ms: Millis


class RetryThreshold(Threshold, frozen=True):
    """A retryable failure runs the node again, at most `max` extra times per node."""

    max: Count
    backoff: Backoff | None = None


class ChannelThreshold(Threshold, frozen=True):
    """Text for a channel must keep its rules; breach asks for a rewrite. Lengths are code points."""

    channel: Name
    facet: FacetPath
    max_length: Count | None = None
    forbid: tuple[Name, ...] = ()
    require: tuple[Name, ...] = ()


class EscalationThreshold(Threshold, frozen=True):
    """A matched `when` asks a human."""

    when: Predicate
    rationale: Text | None = None


class Thresholds(PolicyModel, frozen=True):
    """All thresholds, by what they measure."""

    quality: tuple[QualityThreshold, ...] = ()
    cost: tuple[CostThreshold, ...] = ()
    latency: tuple[LatencyThreshold, ...] = ()
    retries: tuple[RetryThreshold, ...] = ()
    channels: tuple[ChannelThreshold, ...] = ()
    escalation: tuple[EscalationThreshold, ...] = ()


class Override(PolicyModel, frozen=True):
    """Nodes that opt out of directives, with the reason that the audit quotes (story 8.9 FR4)."""

    selector: Selector
    opt_out: Annotated[tuple[Name, ...], Field(min_length=1)]
    rationale: Text


class GuardRails(PolicyModel, frozen=True):
    """Caps that no combination of policies can pass; the numbers are the defaults (semantics 5)."""

    max_replans: Count = 8
    max_replans_per_policy: Count = 2
    max_rewrites_per_node: Count = 2
    max_hitl_requests: Count = 5
    max_planner_attempts: Annotated[int, Field(strict=True, ge=1, le=100)] = 3
    on_limit: Fallout = "fail"


class Topology(PolicyModel, frozen=True):
    """The shape that every plan must have."""

    max_depth: Count | None = None
    max_nodes: Count | None = None
    required_kinds: tuple[Kind, ...] = ()
    forbidden_kinds: tuple[Kind, ...] = ()


class CapabilitySelection(PolicyModel, frozen=True):
    """Capability ids or tags: `require` and `forbid` are enforced, `prefer` and `avoid` break ties."""

    require: tuple[Name, ...] = ()
    forbid: tuple[Name, ...] = ()
    prefer: tuple[Name, ...] = ()
    avoid: tuple[Name, ...] = ()


class Optimisation(PolicyModel, frozen=True):
    """What the planner favours among plans that are equally right."""

    objective: Literal["speed", "quality", "diversity", "token_efficiency"] | None = None


class PlannerPolicies(PolicyModel, frozen=True):
    """What a planner must respect; `directives` reach any planner as they are."""

    topology: Topology = Topology()
    selection: CapabilitySelection = CapabilitySelection()
    optimisation: Optimisation = Optimisation()
    directives: dict[str, Json] = {}


class TaskPolicies(PolicyModel, frozen=True):
    """Everything that governs a run."""

    planner: PlannerPolicies = PlannerPolicies()
    thresholds: Thresholds = Thresholds()
    runtime: tuple[RuntimePolicy, ...] = ()
    overrides: tuple[Override, ...] = ()
    guard_rails: GuardRails = GuardRails()

    @model_validator(mode="after")
    def _one_id_namespace(self) -> "TaskPolicies":
        places: dict[str, str] = {}
        for place, directive_id in self._ids():
            if directive_id in places:
                raise PydanticCustomError(
                    "duplicate_id",
                    "the id {id} is already used at {first}; every threshold and directive needs its own",
                    {
                        "id": directive_id,
                        "first": places[directive_id],
                        "pointer": place,
                        "value": repr(directive_id),
                    },
                )
            places[directive_id] = place
        if len(places) > MAX_DIRECTIVES:
            raise _fault(f"{len(places)} directives, at most {MAX_DIRECTIVES}; split the envelope", "/runtime")
        self._known_opt_outs(places)
        return self

    def _ids(self) -> list[tuple[str, str]]:
        thresholds = [
            (f"/thresholds/{group}/{index}/id", threshold.id)
            for group in Thresholds.model_fields
            for index, threshold in enumerate(getattr(self.thresholds, group))
        ]
        return thresholds + [(f"/runtime/{index}/id", policy.id) for index, policy in enumerate(self.runtime)]

    def _known_opt_outs(self, places: dict[str, str]) -> None:
        for index, override in enumerate(self.overrides):
            for position, policy_id in enumerate(override.opt_out):
                if policy_id not in places:
                    raise PydanticCustomError(
                        "unknown_policy",
                        "{id} is no threshold or directive of this envelope",
                        {
                            "id": policy_id,
                            "pointer": f"/overrides/{index}/optOut/{position}",
                            "value": repr(policy_id),
                        },
                    )


def _fault(message: str, pointer: str) -> PydanticCustomError:
    return PydanticCustomError("bad_policy", "{message}", {"message": message, "pointer": pointer})
