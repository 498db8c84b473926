"""The states around stored events, folded as the log is read; memory does not grow with the length of the log."""

from collections import OrderedDict
from typing import Final

from flexes.ids import RunId
from flexes.run.events import RunStarted
from flexes.run.evolve import evolve, fold
from flexes.run.state import State
from flexes.store import port
from flexes.store.codec import decode, decode_all
from flexes_projections.beginning import begun
from flexes_projections.table import Fact

MAX_RUNS: Final = 1_000
"""Runs whose state is kept, the latest used; another one is folded again from its events."""


class Folding:
    """Folds events of any runs, each run in order.

    Args:
        store: Where the events are that were not read here.
        max_runs: States kept; those of runs that ended are not.
    """

    def __init__(self, store: port.EventStore, max_runs: int = MAX_RUNS) -> None:
        self._store = store
        self._max_runs = max_runs
        self._states: OrderedDict[RunId, State] = OrderedDict()

    def fact(self, row: port.Row) -> Fact:
        """Return the event with the states around it; raises whatever makes it unreadable."""
        event = decode(row)
        before = self._before(row)
        after = begun(event) if before is None and isinstance(event, RunStarted) else evolve(before, event)
        self._keep(after)
        return Fact(event, before, after, row.position, row.digest.hex())

    def anew(self) -> "Folding":
        """Return one of the same store that has seen no event yet."""
        return Folding(self._store, self._max_runs)

    def _before(self, row: port.Row) -> State | None:
        if row.version == 1:
            return None
        known = self._states.get(row.run_id)
        if known is not None and known.version > row.version - 1:
            known = None
        if known is not None and known.version == row.version - 1:
            return known
        return fold(decode_all(self._store.read(row.run_id, known.version if known else 0, row.version - 1)), known)

    def _keep(self, state: State) -> None:
        self._states[state.run_id] = state
        self._states.move_to_end(state.run_id)
        if state.is_final:
            del self._states[state.run_id]
        elif len(self._states) > self._max_runs:
            self._states.popitem(last=False)
