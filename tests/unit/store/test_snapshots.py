"""Snapshots: small, read part by part, and never trusted when they are broken."""

from typing import Any

import pytest
from tests.integration.driver_cases import asynchronous
from tests.transcripts.library import SCENARIOS, told

from flexes import CapabilityRegistry, Flexes, NodeContext
from flexes.errors import StoreUnavailable
from flexes.ids import RunId
from flexes.plan.planner import plan_answer
from flexes.run.evolve import fold
from flexes.run.handshake import document_of
from flexes.run.outstanding import planner_request
from flexes.run.state import State
from flexes.store.codec import decode_all
from flexes.store.columns import columns, records
from flexes.store.memory import MemoryStore
from flexes.store.parts import PARTS
from flexes.store.port import NewEvent, Snapshot
from flexes.store.snapshots import restored, snapshot_of

LONG = "a text that is longer than a reference " * 30
NODES = 200


def stored(name: str = SCENARIOS[0]) -> MemoryStore:
    """Return a scenario's log."""
    store = MemoryStore()
    store.append([NewEvent(*row[1:5]) for row in told(name).rows])
    return store


def state_of(store: MemoryStore, upto: int | None = None) -> State:
    """Return the one run of a store, folded from its first event."""
    state = fold(decode_all(store.read(store.heads()[0].run_id, 0, upto)))
    assert state is not None
    return state


def back(store: MemoryStore, state: State) -> State:
    """Return the state as a snapshot brings it back."""
    found = restored(snapshot_of(state), store)
    assert found is not None
    return found


def unread(state: State) -> set[str]:
    """Return the parts that nobody has looked at."""
    return set(PARTS) - state.__dict__.keys()


async def driven() -> MemoryStore:
    """Return the log of a run whose nodes each have a long output."""
    registry = CapabilityRegistry()

    @registry.capability("write", inputs=["brief"], outputs=["text", "score"])
    async def write(ctx: NodeContext) -> dict[str, Any]:
        return {"text": LONG + ctx.node, "score": 0.5}

    def planner(_: Any) -> Any:
        row = [{"id": f"n{n}", "capability": "write", "dependsOn": [f"n{n - 1}"]} for n in range(1, NODES)]
        return {"nodes": [{"id": "n0", "capability": "write"}, *row]}

    envelope = {"objective": "o", "inputs": {"brief": LONG}, "outputContract": {"mode": "freeform"}}
    store = MemoryStore()
    async with Flexes.open("memory://", registry=registry, planner=planner) as flexes:
        report = await flexes.run(envelope)
        store.append([NewEvent(*row[1:5]) for row in flexes.store.read(RunId(report.id))])
    return store


@asynchronous
async def test_what_the_log_has_is_not_stored_again() -> None:
    """A snapshot grows by a few bytes a node, whatever the nodes deliver."""
    store = await driven()
    state = state_of(store, upto=store.last_position() - 1)
    snapshot = snapshot_of(state)
    assert len(snapshot.data) < 60 * NODES + 2_000
    again = back(store, state)
    assert again == state
    assert again.visible_facets() == {"brief": LONG, "score": 0.5, "text": f"{LONG}n{NODES - 1}"}
    assert dict(again.nodes["n7"].outputs or {}) == {"text": f"{LONG}n7", "score": 0.5}
    assert again.inputs_of("n7") == {"brief": LONG}


@asynchronous
async def test_values_are_read_when_they_are_looked_at() -> None:
    """Loading reads no event; a value that is looked at after the store was closed says so."""
    store = await driven()
    again = back(store, state_of(store))
    store.close()
    write = again.value("text")
    assert write is not None
    assert write.node == f"n{NODES - 1}"
    with pytest.raises(StoreUnavailable):
        assert write.value


def test_parts_are_read_when_they_are_looked_at() -> None:
    """A state that was loaded has read no part; what is read once stays read, also in states that follow."""
    store = stored()
    half = store.last_position() // 2
    again = back(store, state_of(store, half))
    started = unread(again)
    assert {"plan", "nodes", "facets", "context"} <= started
    assert again.nodes is again.nodes
    assert unread(again) == started - {"nodes"}
    following = fold(decode_all(store.read(again.run_id, half)), again)
    assert following is not None
    assert "envelope" in unread(following)
    assert following.envelope is again.envelope


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fold_goes_on_from_a_snapshot(name: str) -> None:
    """A snapshot and the events after it come to what all events come to, wherever it was taken (semantics 10)."""
    store = stored(name)
    whole = state_of(store)
    for version in range(1, whole.version, 3):
        again = back(store, state_of(store, version))
        assert fold(decode_all(store.read(whole.run_id, version)), again) == whole


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_snapshot_of_a_loaded_state_is_the_same(name: str) -> None:
    """Taken again, a snapshot is the same bytes, whether or not its parts were looked at."""
    store = stored(name)
    snapshot = snapshot_of(state_of(store))
    again = restored(snapshot, store)
    assert again is not None
    assert snapshot_of(again) == snapshot
    assert again == state_of(store)
    assert not unread(again)
    assert snapshot_of(again) == snapshot


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_planner_answers_as_before(name: str) -> None:
    """Asked about a run that was loaded from a snapshot, the planner's answer is stored as the same bytes."""
    store = stored(name)
    asked = [row.version for row in store.read_all(0, 10_000) if row.type == "PlanRequested"]
    for version in asked[1:]:
        state = state_of(store, version)
        if state.handshake is not None:
            document = document_of(plan_answer(planner_request(state)))
            assert document_of(plan_answer(planner_request(back(store, state)))) == document


def test_broken_bytes_are_ignored() -> None:
    """A snapshot that a disk or another release changed is not used (semantics 10: snapshots are disposable)."""
    store = stored()
    snapshot = snapshot_of(state_of(store))
    assert restored(snapshot._replace(schema=snapshot.schema + 1), store) is None
    for length in (0, 3, 7, 8, len(snapshot.data) // 2, len(snapshot.data) - 1):
        assert restored(snapshot._replace(data=snapshot.data[:length]), store) is None
    for place in range(0, len(snapshot.data), 7):
        data = bytearray(snapshot.data)
        data[place] ^= 1
        assert restored(Snapshot(snapshot.run_id, snapshot.version, snapshot.schema, bytes(data)), store) is None


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(1, "a", None)],
        [(1, "a", None), (2, "a", None)],
        [(0, "", []), (False, "", []), (0.0, "", [])],
        [({}, (), None), ({"a": 1}, (1,), None)],
    ],
)
def test_columns_are_their_records(rows: list[tuple[Any, ...]]) -> None:
    """Records that were turned into columns come back with the same values of the same types."""
    again = list(records(columns(rows)))
    assert again == rows
    assert repr(again) == repr(rows)
