"""Many runs on one event loop, whatever befalls them: cancelled drives, commands in between, a store that fails."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.run_laws import check_history

from flexes import CapabilityRegistry, Flexes, NodeContext
from flexes.errors import FlexesError, StoreUnavailable
from flexes.run.events import NodeCompleted, NodeStarted
from flexes.shell.ledger import Committed
from flexes.store.digest import verify_chain
from flexes.store.port import NewEvent
from flexes.store.sqlite import SqliteStore

T = TypeVar("T")
NODES = 4
DEED = ("pause", "resume", "signal", "resume elsewhere", "signal everywhere", "stop driving", "drive again")

Deeds = Sequence[tuple[int, int, str]]
"""What is done to the runs: in which turn of the loop, to which run, and what; `elsewhere` is another process."""

DEEDS = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 4), st.sampled_from(DEED)), max_size=20)
TURNS = st.lists(st.integers(0, 3), min_size=1, max_size=7)
"""How many turns of the loop the invocations take, one after the other, over and over."""

FAILURES = st.dictionaries(st.integers(0, 25), st.sampled_from(["before", "after"]), max_size=3)
"""Which calls of the store fail: before anything is stored, or with everything stored and the answer lost."""


class Failing(SqliteStore):
    """The store on SQLite, some of whose appends fail."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, synchronous="normal")
        self.failures: dict[int, str] = {}
        self.calls = 0

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """Append, or fail."""
        return self._failing(lambda: SqliteStore.append(self, events))

    def append_batch(self, batch: Sequence[Sequence[NewEvent]]) -> Sequence[tuple[int, ...] | None]:
        """Append all, or fail."""
        return self._failing(lambda: SqliteStore.append_batch(self, batch))

    def _failing(self, work: Callable[[], T]) -> T:
        when = self.failures.get(self.calls)
        self.calls += 1
        if when == "before":
            raise StoreUnavailable("out of order")
        found = work()
        if when == "after":
            raise StoreUnavailable("the answer was lost")
        return found


class World:
    """Runs of one store, and what was seen of them.

    Attributes:
        heard: What observers heard of each run, commit by commit.
        invoked: How often each operation was invoked.
        at_work: The invocations under way, by operation; those of a drive that was cancelled do not count.
    """

    def __init__(self, store: Failing, elsewhere: SqliteStore, turns: Sequence[int]) -> None:
        self.flexes = Flexes(store, self._registry())
        self.flexes.ledger.observers.append(self._hear)
        self.heard: dict[str, list[Committed]] = {}
        self.at_work: Counter[str] = Counter()
        self.invoked: Counter[str] = Counter()
        self.runs: list[str] = []
        self.drives: dict[str, list[asyncio.Task[Any]]] = {}
        self._store = store
        self._elsewhere = Flexes(elsewhere, CapabilityRegistry())
        self._turns = turns

    async def live(self, runs: int, deeds: Deeds, failures: dict[int, str]) -> None:
        """Drive all runs while the deeds are done, and then until each has ended."""
        self.runs += [(await self.flexes.start(_envelope())).id for _ in range(runs)]
        self._store.calls, self._store.failures = 0, failures
        for run_id in self.runs:
            self._drive(run_id)
        for turn in range(50):
            for _, target, deed in [found for found in deeds if found[0] == turn]:
                await self._do(self.runs[target % runs], deed)
            await asyncio.sleep(0)
        await asyncio.gather(*(drive for drives in self.drives.values() for drive in drives), return_exceptions=True)
        self._store.failures = {}
        for run_id in self.runs:
            if not self.flexes.state(run_id).is_final:
                await self.flexes.resume(run_id)
        await asyncio.gather(*(self.flexes.drive(run_id) for run_id in self.runs))

    async def _do(self, run_id: str, deed: str) -> None:
        if deed == "stop driving":
            self.drives[run_id][-1].cancel()
        elif deed == "drive again":
            self._drive(run_id)
        else:
            command, _, place = deed.partition(" ")
            flexes = {"": [self.flexes], "elsewhere": [self._elsewhere], "everywhere": [self._elsewhere, self.flexes]}
            with suppress(FlexesError):
                for each in flexes[place]:
                    await self._given(each, run_id, command)

    async def _given(self, flexes: Flexes, run_id: str, command: str) -> None:
        match command:
            case "pause":
                await flexes.pause(run_id)
            case "resume":
                await flexes.resume(run_id)
            case _:
                await flexes.signal(run_id, {"metrics": {"clicks": 1}})

    def _drive(self, run_id: str) -> None:
        self.drives.setdefault(run_id, []).append(asyncio.create_task(self.flexes.drive(run_id)))

    def _hear(self, committed: Committed) -> None:
        self.heard.setdefault(committed.after.run_id, []).append(committed)

    def _registry(self) -> CapabilityRegistry:
        registry = CapabilityRegistry()
        for place in range(NODES):
            registry.capability(f"step{place}", inputs=[f"f{place}"], outputs=[f"f{place + 1}"])(self._step)
        return registry

    async def _step(self, ctx: NodeContext) -> dict[str, Any]:
        self.invoked[ctx.operation_id] += 1
        self.at_work[ctx.operation_id] += 1
        assert self.at_work[ctx.operation_id] == 1, "an operation is at work twice at once"
        try:
            for _ in range(self._turns[self.invoked.total() % len(self._turns)]):
                await asyncio.sleep(0)
        finally:
            self.at_work[ctx.operation_id] -= 1
        [name] = ctx.inputs
        return {f"f{int(name[1:]) + 1}": 1}


def _envelope() -> dict[str, Any]:
    contract = {"mode": "facets", "facets": [f"f{NODES}"]}
    return {"objective": "step by step", "inputs": {"f0": 0}, "outputContract": contract}


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), DEEDS, TURNS, FAILURES)
def test_runs_keep_their_laws_together(runs: int, deeds: Deeds, turns: Sequence[int], failures: dict[int, str]) -> None:
    """Each run ends as it would alone: lawful, chained, one outcome an attempt. No operation is at work twice at once,
    none is invoked again unless a drive was broken off, and observers hear of every commit whose answer was not lost,
    once and in order.
    """
    told_of_all = "after" not in failures.values() and not any("where" in deed for _, _, deed in deeds)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        store = stack.enter_context(closing(Failing(Path(folder) / "db")))
        world = World(store, stack.enter_context(closing(SqliteStore(Path(folder) / "db"))), turns)
        asyncio.run(world.live(runs, deeds, failures))
        driven_on = not failures and not any(deed == "stop driving" for _, _, deed in deeds)
        assert not driven_on or set(world.invoked.values()) == {1}
        for run_id in world.runs:
            state, events = world.flexes.state(run_id), world.flexes.events(run_id)
            assert state.status == "completed"
            check_history(state, events)
            assert verify_chain(store.read(state.run_id)) is None
            ended = [(event.node_id, event.attempt) for event in events if isinstance(event, NodeCompleted)]
            started = [(event.node_id, event.attempt) for event in events if isinstance(event, NodeStarted)]
            assert ended == started == sorted(set(started))
            versions = [event.version for committed in world.heard[run_id] for event in committed.events]
            assert versions == sorted(set(versions))
            assert versions == [event.version for event in events] or not told_of_all
