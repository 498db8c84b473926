"""The six canonical actions (story 8.23 AC1), their options, and the refusal of every other name.

Rules:
1. `type` is one of the six; a legacy name is refused with its replacement, at any depth.
2. `onExhausted` takes any action but goto.
3. `approveAction`, `rejectAction` and `onTimeout` nest at most MAX_NESTING deep.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from flexes.envelope.model import Count, Json, Millis, Model, Name, Text
from flexes.policy.legacy import LEGACY_ACTIONS, PolicyModel
from flexes.policy.selector import Selector

ActionType = Literal["goto", "replan", "hitl", "fail", "pause", "emit"]
ACTION_TYPES: Final[tuple[ActionType, ...]] = ("goto", "replan", "hitl", "fail", "pause", "emit")
MAX_NESTING: Final = 3

Intent = Literal["rewrite", "fallback", "swap", "escalate"]
Fallout = Literal["fail", "hitl", "continue"]
"""What follows when a planner cannot help or a cap is reached."""


class Backoff(PolicyModel, frozen=True):
    """Exponential waiting before a re-run: initial * multiplier^(extra run - 1), capped, with jitter."""

    initial_ms: Millis = 200.0
    multiplier: Annotated[float, Field(strict=True, ge=1, le=100)] = 2.0
    max_ms: Millis = 5000.0


def _known_action(document: Any) -> Any:
    if isinstance(document, Model):
        return document
    if not isinstance(document, Mapping) or "type" not in document:
        raise PydanticCustomError(
            "bad_action",
            "an action is an object with a 'type', one of {types}",
            {"types": ", ".join(ACTION_TYPES), "value": repr(document)[:80]},
        )
    named = document["type"]
    if named in ACTION_TYPES:
        return document
    if isinstance(named, str) and named in LEGACY_ACTIONS:
        raise PydanticCustomError(
            "legacy_action",
            "'{named}' was renamed; use '{replacement}'",
            {"named": named, "replacement": LEGACY_ACTIONS[named], "pointer": "/type", "value": repr(named)},
        )
    raise PydanticCustomError(
        "unknown_action",
        "unknown action {named}; use one of {types}",
        {
            "named": repr(named)[:80],
            "types": ", ".join(ACTION_TYPES),
            "pointer": "/type",
            "value": repr(named)[:80],
        },
    )


class Goto(PolicyModel, frozen=True):
    """Run a node again, with everything that it had fed.

    Attributes:
        next: Node id, or a selector (nearest upstream of the trigger, then plan order); None for the trigger's node.
        max_attempts: Extra runs that the directive may cause in one run.
        on_exhausted: What to do instead when they are used up; None goes on.
    """

    type: Literal["goto"] = "goto"
    next: Name | Selector | None = None
    max_attempts: Count = 1
    backoff: Backoff | None = None
    on_exhausted: "Action | None" = None

    @model_validator(mode="after")
    def _no_goto_when_exhausted(self) -> "Goto":
        if isinstance(self.on_exhausted, Goto):
            raise PydanticCustomError(
                "bad_action",
                "onExhausted takes any action but goto; raise maxAttempts instead",
                {"pointer": "/onExhausted/type", "value": "'goto'"},
            )
        return self


class Replan(PolicyModel, frozen=True):
    """Ask the planner for a delta. Default intent: a failed node -> fallback, a timeout -> swap, else rewrite."""

    type: Literal["replan"] = "replan"
    rationale: Text | None = None
    intent: Intent | None = None
    target: Name | None = None


class Hitl(PolicyModel, frozen=True):
    """Ask a human, and suspend the run until the decision."""

    type: Literal["hitl"] = "hitl"
    rationale: Text | None = None
    approve_action: "Action | None" = None
    reject_action: "Action | None" = None
    timeout_ms: Annotated[float, Field(strict=True, gt=0, le=1e13)] | None = None
    on_timeout: "Action | None" = None


class Fail(PolicyModel, frozen=True):
    """End the run as failed."""

    type: Literal["fail"] = "fail"
    message: Text | None = None


class Pause(PolicyModel, frozen=True):
    """Suspend the run until somebody resumes it."""

    type: Literal["pause"] = "pause"
    reason: Text | None = None


class Emit(PolicyModel, frozen=True):
    """Publish an observation; plan, attempts and state stay as they are."""

    type: Literal["emit"] = "emit"
    event: Name
    payload: Json = None


Action = Annotated[
    Annotated[Goto | Replan | Hitl | Fail | Pause | Emit, Field(discriminator="type")],
    BeforeValidator(_known_action),
]
"""One of the six, told apart by `type`."""

for _model in (Goto, Hitl):
    _model.model_rebuild()


def nested(action: Action) -> Iterator[tuple[str, Action]]:
    """Yield the actions directly inside this one, each with its wire key."""
    match action:
        case Goto():
            inner = [("onExhausted", action.on_exhausted)]
        case Hitl():
            inner = [
                ("approveAction", action.approve_action),
                ("rejectAction", action.reject_action),
                ("onTimeout", action.on_timeout),
            ]
        case _:
            inner = []
    return ((key, found) for key, found in inner if found is not None)


def nesting(action: Action) -> int:
    """Return how many actions deep the action goes: 1 for one without inner actions."""
    return 1 + max((nesting(inner) for _, inner in nested(action)), default=0)


def checked_nesting(action: Action) -> Action:
    """Return the action if its gates nest no deeper than MAX_NESTING.

    Raises:
        PydanticCustomError: It goes deeper.
    """
    if nesting(action) > MAX_NESTING + 1:
        raise PydanticCustomError(
            "nesting_depth",
            "actions nest {depth} levels deep, at most {limit}; split the directive",
            {"depth": nesting(action) - 1, "limit": MAX_NESTING},
        )
    return action
