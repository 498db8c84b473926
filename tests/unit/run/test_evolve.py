"""The fold of many events: what one after the other comes to, at a fraction of the cost."""

import gc

import pytest
from tests.transcripts.library import SCENARIOS, steps, told

from flexes.run.evolve import evolve, fold


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fold_is_its_steps(name: str) -> None:
    """Folding many events at once gives the state that folding one by one gives, from the start and from the middle."""
    events = told(name).events
    states = [after for _, _, after in steps(events)]
    assert fold(events) == states[-1]
    middle = len(events) // 2
    assert fold(events[middle + 1 :], states[middle]) == states[-1]


def test_a_fold_leaves_its_state_alone() -> None:
    """The state that a fold goes on from belongs to its caller and stays as it is."""
    events = told(SCENARIOS[0]).events
    first = evolve(None, events[0])
    before = dict(first.__dict__)
    assert fold(events[1:], first) is not first
    assert first.__dict__ == before
    assert fold((), first) is first
    assert fold(()) is None


def test_a_fold_wakes_the_collector_again() -> None:
    """The garbage collector runs as before, also when an event cannot be folded."""
    events = told(SCENARIOS[0]).events
    assert gc.isenabled()
    with pytest.raises(AssertionError):
        fold(events[1:])
    assert gc.isenabled()
    gc.disable()
    try:
        fold(events)
        assert not gc.isenabled()
    finally:
        gc.enable()
