"""The scenarios of this folder, each simulated once a session, with everything that was stored."""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from flexes.policy.problems import validated
from flexes.run.events import Event
from flexes.run.evolve import evolve
from flexes.run.state import State
from flexes.scenario.documents import load_document
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import Simulation, simulate
from flexes.store.codec import decode
from flexes.store.memory import MemoryStore
from flexes.store.port import Row

HERE: Final = Path(__file__).parent
SCENARIOS: Final = tuple(sorted(path.stem for path in (HERE / "scenarios").glob("*.yaml")))


UPDATE: Final = os.environ.get("FLEXES_UPDATE_GOLDEN") == "1"


class Told(NamedTuple):
    """A scenario's run: what the simulator reports, and what it stored."""

    name: str
    scenario: Scenario
    run: Simulation
    rows: tuple[Row, ...]

    @property
    def events(self) -> list[Event]:
        """The events as they were read back."""
        return [decode(row) for row in self.rows]


def scenario_file(name: str) -> Path:
    """Return where a scenario is told."""
    return HERE / "scenarios" / f"{name}.yaml"


def loaded(name: str) -> Scenario:
    """Return a scenario."""
    return validated(Scenario, load_document(scenario_file(name)), f"scenario {name}")


def expectation(name: str) -> Mapping[str, Any]:
    """Return what a scenario must come to, as it was worked out by hand."""
    document: Mapping[str, Any] = load_document(HERE / "expected" / f"{name}.yaml")
    return document


def played(name: str) -> Told:
    """Return a scenario's run, made anew."""
    scenario, store = loaded(name), MemoryStore()
    run = simulate(scenario, store)
    return Told(name, scenario, run, tuple(store.read(run.state.run_id)))


@cache
def told(name: str) -> Told:
    """Return a scenario's run, made once a session."""
    return played(name)


def commits(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Yield the events by commit."""
    for _, commit in groupby(events, key=lambda event: event.command_id):
        yield list(commit)


def steps(events: Sequence[Event]) -> Iterator[tuple[State | None, Event, State]]:
    """Yield each event with the state before and after it."""
    before: State | None = None
    for event in events:
        after = evolve(before, event)
        yield before, event, after
        before = after


def rests(events: Sequence[Event]) -> Iterator[State]:
    """Yield the state after each commit."""
    state: State | None = None
    for commit in commits(events):
        for event in commit:
            state = evolve(state, event)
        assert state is not None
        yield state


def golden(path: Path, text: str) -> None:
    """Hold a text against its golden file, or write the file when asked to."""
    if UPDATE:
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing; run with FLEXES_UPDATE_GOLDEN=1 and read it"
    assert path.read_text(encoding="utf-8") == text
