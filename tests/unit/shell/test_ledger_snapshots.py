"""When a run gets a snapshot: as it grows, and when it comes to rest."""

from collections.abc import Callable
from typing import Any

from tests.integration.driver_cases import asynchronous

from flexes import CapabilityRegistry, Flexes, NodeContext
from flexes.ids import RunId
from flexes.shell.clock import SystemClock
from flexes.shell.ledger import FIRST_SNAPSHOT, GROWTH_AT_REST, SNAPSHOT_GROWTH, Ledger
from flexes.store.memory import MemoryStore
from flexes.store.port import Snapshot

ENVELOPE = {"objective": "o", "inputs": {"brief": 1}, "outputContract": {"mode": "freeform"}}


class Watched(MemoryStore):
    """A store that remembers the versions of the snapshots that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: list[int] = []

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        self.versions.append(snapshot.version)
        super().save_snapshot(snapshot)


def registry() -> CapabilityRegistry:
    """Return a capability that writes, and a human who is asked."""
    found = CapabilityRegistry()

    @found.capability("write", inputs=["brief"])
    async def write(ctx: NodeContext) -> dict[str, Any]:
        return {}

    found.human("ask")
    return found


def row(nodes: int, *gates: int) -> Callable[[Any], Any]:
    """Return a planner that drafts nodes in a row, some of which ask a human."""
    drafted = [
        {"id": f"n{n}", "capability": "ask" if n in gates else "write", "dependsOn": [f"n{n - 1}"] if n else []}
        for n in range(nodes)
    ]
    return lambda _: {"nodes": drafted}


async def approved(flexes: Flexes, run_id: str) -> None:
    """Decide the open request of a run and drive it on."""
    [request] = flexes.state(run_id).open_requests
    await flexes.resolve_hitl(run_id, request, decision="approve", by="lead")
    await flexes.drive(run_id)


@asynchronous
async def test_snapshots_are_spaced_by_growth() -> None:
    """A run that never rests gets its first snapshot at FIRST_SNAPSHOT events, each later one after a growth."""
    store = Watched()
    await Flexes(store, registry(), planner=row(400)).run(ENVELOPE)
    assert FIRST_SNAPSHOT <= store.versions[0] < FIRST_SNAPSHOT + 5
    for one, following in zip(store.versions, store.versions[1:], strict=False):
        assert abs(following - one * SNAPSHOT_GROWTH) < 10


@asynchronous
async def test_a_run_that_rests_has_nothing_to_replay() -> None:
    """A run that comes to rest gets a snapshot there, unless one was made a moment before."""
    store = Watched()
    flexes = Flexes(store, registry(), planner=row(300, 190, 191, 240))
    report = await flexes.run(ENVELOPE)
    at_first = flexes.state(report.id).version
    assert store.versions[-1] == at_first
    await approved(flexes, report.id)
    assert flexes.state(report.id).version < at_first * GROWTH_AT_REST
    assert store.versions[-1] == at_first
    await approved(flexes, report.id)
    assert store.versions[-1] == flexes.state(report.id).version


@asynchronous
async def test_another_process_counts_from_the_snapshot_that_it_found() -> None:
    """A process that loads a run knows how far its snapshot is behind, and makes none too soon."""
    store = Watched()
    report = await Flexes(store, registry(), planner=row(300, 190, 191)).run(ENVELOPE)
    made = list(store.versions)
    other = Flexes(store, registry())
    await approved(other, report.id)
    assert other.state(report.id).status == "awaiting_hitl"
    assert store.versions == made
    assert Ledger(store, SystemClock()).require(RunId(report.id)) == other.state(report.id)


@asynchronous
async def test_a_short_run_gets_none() -> None:
    """Replaying a short run costs less than a snapshot, also where it rests."""
    store = Watched()
    report = await Flexes(store, registry(), planner=row(5, 2)).run(ENVELOPE)
    assert report.status == "awaiting_hitl"
    assert store.versions == []
