"""What becomes of each action, by where the run stands when its source speaks: a description, told rule by rule.

Rules, the first that applies:
1. A run that has ended refuses every source.
2. A decision or its time limit needs an open request: where the chart has no HitlResolved, it cannot occur.
3. A run that is running, or that the decision itself returns to running, lets the action act in the same commit; so
   does every open run with a `fail` that a person or a time limit wants.
4. All else waits in the inbox, and acts in the commit that returns the run to running.

Nothing is decided here: the tests hold each cell against real runs, and `docs/actions.md` is written from it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, NamedTuple, get_args

from flexes.errors import InvalidRunState, RequestNotFound
from flexes.policy.actions import ACTION_TYPES, ActionType
from flexes.run.inbox import ActionSource
from flexes.run.lifecycle import Status, allows, transitions

Situation = Literal["planning", "running", "replanning", "paused", "awaiting_hitl", "awaiting_others", "final"]
"""Where the run stands. To a decision, `awaiting_hitl` means that its request is the last open one, `awaiting_others`
that it is not; to other sources, that one or several are open, which is the same to them."""

Becomes = Literal["acts", "waits", "cannot_occur", "refused"]

SITUATIONS: Final[tuple[Situation, ...]] = get_args(Situation)
SOURCES: Final[tuple[ActionSource, ...]] = get_args(ActionSource)
DECISIONS: Final[tuple[ActionSource, ...]] = ("hitl.approve", "hitl.reject", "hitl.timeout")

_STATUSES: Final[Mapping[Situation, tuple[Status, ...]]] = {
    "planning": ("planning",),
    "running": ("running",),
    "replanning": ("replanning",),
    "paused": ("paused",),
    "awaiting_hitl": ("awaiting_hitl",),
    "awaiting_others": ("awaiting_hitl",),
    "final": ("completed", "failed", "cancelled"),
}

_FACTS: Final[Mapping[ActionSource, tuple[str, ...]]] = {
    "runtime": ("NodeCompleted",),
    "hitl.approve": ("HitlResolved",),
    "hitl.reject": ("HitlResolved",),
    "hitl.timeout": ("TimerFired", "HitlResolved"),
    "manual": ("ManualTriggered",),
}
"""What is recorded when the source speaks. NodeCompleted stands for every runtime signal."""

_EFFECTS: Final[Mapping[ActionType, str]] = {
    "goto": "NodesReset",
    "replan": "PlanRequested",
    "hitl": "HitlRequested",
    "fail": "Failed",
    "pause": "Paused",
    "emit": "PolicyEmitted",
}


class Cell(NamedTuple):
    """One action, one situation, one source.

    Attributes:
        outcome: What SignalEvaluated says of the directive, or would say of a decision's action; None if nothing acts.
        code: What the attempt to make the source speak is refused with; None where it is taken, or does nothing.
        events: The commit in which the source speaks, up to what the signal causes; ready nodes start after it.
        later: What the signal causes in the commit that returns the run to running, if it waits.
        until: The facts that open that commit.
    """

    action: ActionType
    situation: Situation
    source: ActionSource
    becomes: Becomes
    outcome: Literal["matched", "target_missing"] | None = None
    code: str | None = None
    events: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    until: tuple[str, ...] = ()


@cache
def cells() -> tuple[Cell, ...]:
    """Return every cell: by action, then situation, then source."""
    return tuple(
        _cell(action, situation, source) for action in ACTION_TYPES for situation in SITUATIONS for source in SOURCES
    )


def statuses(situation: Situation) -> tuple[Status, ...]:
    """Return the statuses that the situation stands for."""
    return _STATUSES[situation]


def effect(action: ActionType) -> tuple[str, ...]:
    """Return the events of an action that takes effect, in order."""
    return ("PolicyTriggered", _EFFECTS[action])


def runs_on(action: ActionType) -> bool:
    """Return whether a running run is still running after the action."""
    return transitions()["running", _EFFECTS[action]] == {"running"}


def returns(status: Status) -> tuple[str, ...]:
    """Return the events that can lead from a status to running, sorted."""
    return tuple(
        sorted(event for (before, event), after in transitions().items() if before == status and "running" in after)
    )


def _cell(action: ActionType, situation: Situation, source: ActionSource) -> Cell:
    status = _STATUSES[situation][0]
    if situation == "final":
        return Cell(action, situation, source, "refused", code=InvalidRunState.code)
    if source in DECISIONS and not allows(status, "HitlResolved"):
        code = None if source == "hitl.timeout" else RequestNotFound.code
        return Cell(action, situation, source, "cannot_occur", code=code)
    is_urgent = action == "fail" and source != "runtime"
    opens_gate = source in DECISIONS and situation == "awaiting_hitl"
    if situation == "running" or is_urgent or opens_gate:
        return _acting(action, situation, source)
    return _waiting(action, situation, source)


def _acting(action: ActionType, situation: Situation, source: ActionSource) -> Cell:
    events = (*_FACTS[source], *_judged(source), *effect(action))
    if _has_feedback(source) and action != "fail":
        events += ("SignalEvaluated",) if runs_on(action) else ("SignalDeferred",)
    return Cell(action, situation, source, "acts", "matched", events=events)


def _waiting(action: ActionType, situation: Situation, source: ActionSource) -> Cell:
    """Return a cell that waits; before the first plan only outside signals speak, and a goto finds no target."""
    is_planning = situation == "planning"
    fact = ("SignalReceived",) if is_planning and source == "runtime" else _FACTS[source]
    events = (*fact, "SignalDeferred", *(("SignalDeferred",) if _has_feedback(source) else ()))
    is_missing = is_planning and action == "goto"
    later = ("SignalTaken", *_judged(source), *(() if is_missing else effect(action)))
    if _has_feedback(source) and runs_on(action):
        later += ("SignalTaken", "SignalEvaluated")
    until = returns(_STATUSES[situation][0])
    outcome: Literal["matched", "target_missing"] = "target_missing" if is_missing else "matched"
    return Cell(action, situation, source, "waits", outcome, events=events, later=later, until=until)


def _judged(source: ActionSource) -> tuple[str, ...]:
    """Return the evaluation before the action: that of a decision was its request's."""
    return () if source in DECISIONS else ("SignalEvaluated",)


def _has_feedback(source: ActionSource) -> bool:
    """Return whether a signal of its own follows the action: a person's decision is one that policies can hear."""
    return source in ("hitl.approve", "hitl.reject")
