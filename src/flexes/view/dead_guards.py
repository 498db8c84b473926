"""Dead guards: directives whose test could never be answered (semantics 6)."""

from collections.abc import Iterator
from typing import Final

from flexes.run.events import SignalEvaluated
from flexes.run.records import PolicyCount
from flexes.run.state import State
from flexes.view.step import Step

MIN_EVALUATIONS: Final = 3
"""Evaluations before a guard can be called dead."""

_NOT_TESTED: Final = frozenset({"disabled", "opted_out"})
_UNANSWERED: Final = frozenset({"skipped:missing", "invalid"})


def is_dead_guard(count: PolicyCount) -> bool:
    """Return whether the test was missing or invalid on all of at least MIN_EVALUATIONS evaluations."""
    tested = {name: times for name, times in count.outcomes.items() if name not in _NOT_TESTED}
    return sum(tested.values()) >= MIN_EVALUATIONS and tested.keys() <= _UNANSWERED


def dead_guards(state: State) -> tuple[str, ...]:
    """Return the ids of the directives that are dead guards, in total order."""
    return tuple(found.id for found in state.context.directives if is_dead_guard(_count(state, found.id)))


def newly_dead(step: Step[SignalEvaluated]) -> Iterator[str]:
    """Yield the directives that this evaluation made dead guards."""
    for policy_id in dict.fromkeys(outcome[0] for outcome in step.event.outcomes):
        was_dead = step.before is not None and is_dead_guard(_count(step.before, policy_id))
        if not was_dead and is_dead_guard(_count(step.after, policy_id)):
            yield policy_id


def _count(state: State, policy_id: str) -> PolicyCount:
    return state.policies.get(policy_id, PolicyCount())
