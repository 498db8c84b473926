"""Several processes, one run: nothing is decided twice, and what one does the others see (semantics 10)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.crash_apps import APPS, KEY, NEVER, Nursery, envelope_of, story, url
from tests.integration.driver_cases import asynchronous
from tests.property.run_laws import check_history

from flexes import CapabilityRegistry, Flexes
from flexes.ids import derived_run_id
from flexes.run.events import NodeCompleted, NodeFailed, NodeStarted
from flexes.run.state import State
from flexes.store.urls import open_store

RUN = derived_run_id(KEY)


@pytest.fixture(scope="module")
def nurseries() -> Iterator[tuple[Nursery, Nursery]]:
    """Return two processes that fork children."""
    found = (Nursery(), Nursery())
    yield found
    for nursery in found:
        nursery.close()


def state_of(database: Path) -> State:
    """Return the run as it is stored, after checking every law of its history."""
    flexes = _opened(database)
    try:
        state = flexes.state(RUN)
        check_history(state, flexes.events(RUN))
        return state
    finally:
        flexes.store.close()


def _opened(database: Path) -> Flexes:
    return Flexes(open_store(url(database)), CapabilityRegistry())


@pytest.mark.parametrize("app", APPS)
def test_two_drivers_of_one_run(nurseries: tuple[Nursery, Nursery], app: str, tmp_path: Path) -> None:
    """Two processes drive one run: it completes, each node attempt has exactly one committed outcome, and digests and
    decisions verify (semantics 10).
    """
    for nursery in nurseries:
        nursery.begin(tmp_path / "db", app, tmp_path / "invoked", NEVER)
    assert [nursery.end() for nursery in nurseries] == [0, 0]
    assert story(tmp_path / "db").status == "completed"
    state_of(tmp_path / "db")
    flexes = _opened(tmp_path / "db")
    events = flexes.events(RUN)
    flexes.store.close()
    started = [(event.node_id, event.attempt) for event in events if isinstance(event, NodeStarted)]
    ended = [(event.node_id, event.attempt) for event in events if isinstance(event, NodeCompleted | NodeFailed)]
    assert sorted(started) == sorted(ended)
    assert len(set(ended)) == len(ended)


@asynchronous
async def test_a_cancel_of_another_process_is_seen(nurseries: tuple[Nursery, Nursery], tmp_path: Path) -> None:
    """A driver whose only node waits for ever learns that another process cancelled the run (driver rule 4)."""
    os.mkfifo(tmp_path / "invoked")
    nurseries[0].begin(tmp_path / "db", "endless", tmp_path / "invoked", NEVER)
    assert (tmp_path / "invoked").read_text().startswith("draft 1 ")  # blocks until the node is being invoked
    flexes = _opened(tmp_path / "db")
    assert (await flexes.cancel(RUN, "enough")).status == "cancelled"
    flexes.store.close()
    assert nurseries[0].end() == 0
    assert state_of(tmp_path / "db").nodes["draft"].status == "abandoned"


@asynchronous
async def test_a_pause_of_another_process_is_kept(nurseries: tuple[Nursery, Nursery], tmp_path: Path) -> None:
    """A node in flight finishes under the pause of another process, and nothing new is dispatched (semantics 2)."""
    os.mkfifo(tmp_path / "invoked")
    os.mkfifo(tmp_path / "gate")
    nurseries[0].begin(tmp_path / "db", "gated", tmp_path / "invoked", NEVER)
    assert (tmp_path / "invoked").read_text().startswith("draft 1 ")
    flexes = _opened(tmp_path / "db")
    assert (await flexes.pause(RUN, "hold on")).status == "paused"
    flexes.store.close()
    (tmp_path / "gate").write_text("go")
    assert nurseries[0].end() == 0
    state = state_of(tmp_path / "db")
    assert state.status == "paused"
    assert {name: node.status for name, node in state.nodes.items()} == {
        "draft": "completed",
        "judge": "pending",
        "polish": "pending",
    }


@asynchronous
async def test_a_decision_reaches_a_run_that_was_remembered_otherwise(tmp_path: Path) -> None:
    """A writer that remembers an older state decides on the real one: neither refuses nor repeats (semantics 10)."""
    registry = CapabilityRegistry()
    registry.human("sign", inputs=["brief"], outputs=["final"])
    one = Flexes(_opened(tmp_path / "db").store, registry)
    other = Flexes(_opened(tmp_path / "db").store, registry)
    run = await one.start(envelope_of("chain"))
    waiting = await other.drive(run.id)
    decided = await one.resolve_hitl(
        run.id, waiting.pending_hitl[0], decision="approve", by="lead", edits={"final": "signed"}
    )
    assert decided.status == "completed"
    assert (await other.drive(run.id)).output == {"final": "signed"}
    for flexes in (one, other):
        flexes.store.close()
