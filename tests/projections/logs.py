"""Real logs: the scenarios of the transcripts, and runs that together hold every event type."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from random import Random

from tests.unit.view.runs import RUNS

from flexes.ids import derived_run_id
from flexes.scenario.documents import load_document
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate
from flexes.store.codec import encode
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent, Store

SCENARIOS = Path(__file__).parent.parent / "transcripts" / "scenarios"
Chunk = Sequence[NewEvent]

FILTERS = {
    "run": "run_id",
    "policy": "policy_id",
    "action": "action_type",
    "outcome": "outcome",
    "node": "node_id",
    "plan_version": "plan_version",
    "since": "at",
    "until": "at",
}
"""Each option of an audit query, with the field of a row that it is about."""


@cache
def corpus() -> tuple[tuple[NewEvent, ...], ...]:
    """Return the events of every run, each under a run id of its own."""
    return (*(simulated(path) for path in sorted(SCENARIOS.glob("*.yaml"))), *_decided())


def simulated(path: Path) -> tuple[NewEvent, ...]:
    """Return the events of a scenario."""
    store = MemoryStore()
    simulate(Scenario.model_validate(load_document(path)), store)
    return tuple(NewEvent(*row[1:5]) for row in store.read_all(0, 100_000))


def chunks(random: Random, runs: int) -> Iterator[Chunk]:
    """Yield the events of some runs, interleaved, in chunks of one to five events of one run."""
    left = [list(events) for events in random.sample(corpus(), runs)]
    while left:
        events = random.choice(left)
        size = random.randint(1, 5)
        yield events[:size]
        del events[:size]
        left = [events for events in left if events]


def copies(store: Store, events: int) -> None:
    """Append copies of the runs, one after the other, until the log has at least so many events."""
    for number in count():
        if store.last_position() >= events:
            return
        run_id = derived_run_id(f"copy {number}")
        store.append([event._replace(run_id=run_id) for event in corpus()[number % len(corpus())]])


def _decided() -> Iterator[tuple[NewEvent, ...]]:
    for name, make in RUNS.items():
        run_id = derived_run_id(f"projection tests {name}")
        yield tuple(encode(event)._replace(run_id=run_id) for event in make().events)
