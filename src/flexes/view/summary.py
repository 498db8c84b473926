"""The last line of `flexes simulate`: how a run ended and what it took (interfaces 3)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from flexes.run.events import (
    Event,
    GuardRailTripped,
    NodeStarted,
    PlanRejected,
    PlanRequested,
    PolicyTriggered,
    SignalEvaluated,
)
from flexes.run.state import State
from flexes.view.ending import error_of

_HELD_BACK: Final = frozenset({"exhausted", "target_missing"})


class Tally:
    """Counts the events of one run, in order; `summary` reads it.

    Attributes:
        node_runs: Attempts started, by node.
        policy_triggers: Actions that took effect, by directive.
        outcomes: Outcomes by directive; a skipped one is "skipped", whatever the reason.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.node_runs: dict[str, int] = {}
        self.policy_triggers: dict[str, int] = {}
        self.outcomes: dict[str, dict[str, int]] = {}
        self._asked: tuple[str | None, ...] = ()
        self._reasons: dict[str | None, dict[str, None]] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Count the next event."""
        match event:
            case NodeStarted():
                _count(self.node_runs, event.node_id)
                self._reasons.pop(event.node_id, None)
            case PolicyTriggered():
                _count(self.policy_triggers, event.policy_id)
            case SignalEvaluated():
                self._evaluated(event)
            case PlanRequested():
                self._asked = tuple(dict.fromkeys(intent.get("node") for intent in event.intents))
            case PlanRejected():
                self._rejected(event)
            case GuardRailTripped():
                self._tripped(event)
            case _:
                pass

    def reasons(self, node_id: str | None) -> tuple[str, ...]:
        """Return why nothing helped a node since it last started: declines, guard rails, what was used up."""
        return tuple(self._reasons.get(node_id, ()))

    def _evaluated(self, event: SignalEvaluated) -> None:
        for policy_id, outcome, reason in event.outcomes:
            _count(self.outcomes.setdefault(policy_id, {}), outcome)
            if outcome in _HELD_BACK:
                self._note(event.node_id, f"{policy_id} {outcome}: {reason}")

    def _rejected(self, event: PlanRejected) -> None:
        told = "; ".join(str(found.get("message")) for found in event.diagnostics[:1])
        said = f"the planner declined: {told}" if event.declined else f"the planner's answer was refused: {told}"
        for node_id in self._asked:
            self._note(node_id, said)

    def _tripped(self, event: GuardRailTripped) -> None:
        nodes = self._asked if event.policy_id is None else (event.node_id,)
        told = f"{event.rail} {event.limit} reached"
        for node_id in nodes:
            if not any(told in reason for reason in self.reasons(node_id)):
                self._note(node_id, told)

    def _note(self, node_id: str | None, reason: str) -> None:
        self._reasons.setdefault(node_id, {})[reason] = None


def summary(tally: Tally, state: State, refused: Sequence[Any] = ()) -> dict[str, Any]:
    """Return the summary line as plain JSON; `refused` lists the outside steps that the run refused."""
    return {
        "type": "summary",
        "status": state.status,
        "planVersion": state.plan_version,
        "nodeRuns": tally.node_runs,
        "policyTriggers": tally.policy_triggers,
        "outcomes": tally.outcomes,
        "replans": state.replans,
        "costTotal": state.cost_total,
        "output": state.ending.output if state.ending else None,
        "error": _error(tally, state),
        "refused": list(refused),
    }


def _error(tally: Tally, state: State) -> dict[str, Any] | None:
    """Return why the run ended, with the reasons why nothing helped that its message does not say already."""
    error = error_of(state)
    if error is None or error["code"] != "node_failed":
        return error
    reasons = [reason for reason in tally.reasons(error.get("nodeId")) if reason not in error["message"]]
    return {**error, "message": f"{error['message']} ({'; '.join(reasons)})"} if reasons else error


def _count(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1
