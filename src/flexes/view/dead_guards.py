"""Dead guards: directives whose test could never be answered (semantics 6)."""

from collections.abc import Iterator, Mapping
from typing import Final

from flexes.run.events import SignalEvaluated
from flexes.run.state import State
from flexes.view.step import Step

MIN_EVALUATIONS: Final = 3
"""Evaluations before a guard can be called dead."""

_NOT_TESTED: Final = frozenset({"disabled", "opted_out"})
_UNANSWERED: Final = frozenset({"skipped:missing", "invalid"})


def is_dead_guard(outcomes: Mapping[str, int]) -> bool:
    """Return whether the test was missing or invalid on all of at least MIN_EVALUATIONS evaluations.

    Args:
        outcomes: How often each came, as `State.outcomes_of` has them.
    """
    tested = {name: times for name, times in outcomes.items() if name not in _NOT_TESTED}
    return sum(tested.values()) >= MIN_EVALUATIONS and tested.keys() <= _UNANSWERED


def dead_guards(state: State) -> tuple[str, ...]:
    """Return the ids of the directives that are dead guards, in total order."""
    return tuple(found.id for found in state.context.directives if is_dead_guard(state.outcomes_of(found.id)))


def newly_dead(step: Step[SignalEvaluated]) -> Iterator[str]:
    """Yield the directives that this evaluation made dead guards; only an unanswered test can."""
    unanswered = [found[0] for found in step.event.outcomes if found[1] == "invalid" or found[2] == "missing"]
    for policy_id in dict.fromkeys(unanswered):
        was_dead = step.before is not None and is_dead_guard(step.before.outcomes_of(policy_id))
        if not was_dead and is_dead_guard(step.after.outcomes_of(policy_id)):
            yield policy_id
