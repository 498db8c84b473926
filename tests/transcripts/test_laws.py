"""The laws of random runs, held against every golden run: whatever is counted while folding is what a scan finds."""

import pytest
from tests.property.run_laws import check_history, check_moves, check_moving
from tests.transcripts.library import SCENARIOS, commits, told

from flexes.run.state import State

every_run = pytest.mark.parametrize("name", SCENARIOS)


@every_run
def test_what_is_counted_is_what_is_there(name: str) -> None:
    """After each event the ready, running and failed nodes, estimates, backoffs and timers are those of the nodes."""
    state: State | None = None
    for commit in commits(told(name).events):
        state = check_moves(state, commit)
        check_moving(state)


@every_run
def test_a_run_keeps_its_history(name: str) -> None:
    """Attempts, requests, caps, inbox, signals, facets and costs of a whole run are what its events say."""
    one = told(name)
    check_history(one.run.state, one.events)
