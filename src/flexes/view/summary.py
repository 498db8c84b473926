"""The last line of `flexes simulate`: how a run ended and what it took (interfaces 3)."""

from collections.abc import Iterable, Sequence
from typing import Any

from flexes.run.events import Event, NodeStarted, PolicyTriggered, SignalEvaluated
from flexes.run.state import State
from flexes.view.ending import error_of


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
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Count the next event."""
        match event:
            case NodeStarted():
                _count(self.node_runs, event.node_id)
            case PolicyTriggered():
                _count(self.policy_triggers, event.policy_id)
            case SignalEvaluated():
                for policy_id, outcome, _ in event.outcomes:
                    _count(self.outcomes.setdefault(policy_id, {}), outcome)
            case _:
                pass


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
        "error": error_of(state),
        "refused": list(refused),
    }


def _count(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1
