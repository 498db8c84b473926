"""Runs that one event loop drives together share transactions, and none of them could tell (shell.commits)."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.contract.driving import envelope_of, steps
from tests.integration.driver_cases import ENVELOPE, asynchronous, registry_of
from tests.property.run_laws import check_history

from flexes import Flexes, NodeContext, RunReport
from flexes.errors import InvalidRunState, StoreUnavailable
from flexes.ids import derived_run_id
from flexes.run.events import NodeCompleted
from flexes.shell.ledger import Committed
from flexes.store.digest import verify_chain
from flexes.store.port import NewEvent
from flexes.store.sqlite import SqliteStore
from flexes.store.urls import open_store

RUNS = 16
NODES = 5
PROCESS = Path(__file__).with_name("driving.py")


class Counting(SqliteStore):
    """The store on SQLite, which keeps count of its transactions."""

    transactions = 0

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """Count one, and append."""
        self.transactions += 1
        return super().append(events)

    def append_batch(self, batch: Sequence[Sequence[NewEvent]]) -> Sequence[tuple[int, ...] | None]:
        """Count one, and append all."""
        self.transactions += 1
        return super().append_batch(batch)


@pytest.fixture(params=("sqlite", "sqlite, coalescing", "postgresql"))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store of each kind that takes batches."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'flexes.db'}{'?coalesce=on' if 'coalescing' in request.param else ''}"


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Counting]:
    """Open a store that counts."""
    with closing(Counting(tmp_path / "flexes.db")) as store:
        yield store


def check_store(url: str) -> int:
    """Every run of a store keeps every law, and its digests chain; return how many have ended."""
    with closing(open_store(url)) as store:
        flexes = Flexes(store, steps(NODES))
        ended = 0
        for head in flexes.runs():
            state, events = flexes.state(head.run_id), flexes.events(head.run_id)
            check_history(state, events)
            completed = [event.node_id for event in events if isinstance(event, NodeCompleted)]
            assert len(set(completed)) == len(completed)
            assert verify_chain(store.read(head.run_id)) is None
            ended += state.is_final
        return ended


@asynchronous
async def test_nothing_is_lost_of_runs_together(url: str) -> None:
    """Of 16 runs on one loop each one completes, every event is stored, and observers hear of all, in its order."""
    heard: list[Committed] = []
    async with Flexes.open(url, registry=steps(NODES)) as flexes:
        flexes.ledger.observers.append(heard.append)
        reports = await asyncio.gather(*(flexes.run(envelope_of(NODES)) for _ in range(RUNS)))
        assert {report.status for report in reports} == {"completed"}
        stored = [(row.position, row.run_id, row.version) for row in flexes.store.read_all(0, 10_000)]
    told = [
        (position, event.run_id, event.version)
        for committed in heard
        for position, event in zip(committed.positions, committed.events, strict=True)
    ]
    assert told == stored
    assert check_store(url) == RUNS


@asynchronous
async def test_runs_together_share_transactions(counting: Counting) -> None:
    """16 runs in step make about as many transactions as one, not 16 times as many; one run alone waits for nobody."""
    flexes = Flexes(counting, steps(NODES))
    await flexes.run(envelope_of(NODES))
    alone, counting.transactions = counting.transactions, 0
    started = [await flexes.start(envelope_of(NODES)) for _ in range(RUNS)]
    counting.transactions = 0
    await asyncio.gather(*(flexes.drive(run.id) for run in started))
    assert counting.transactions < 2 * alone


@asynchronous
async def test_a_commit_outlives_its_driver(tmp_path: Path) -> None:
    """A drive that is cancelled while its commit waits for the others has committed, and observers hear of it."""
    heard: list[Committed] = []
    loop = asyncio.get_running_loop()
    drives: list[asyncio.Task[RunReport]] = []

    async def work(ctx: NodeContext) -> dict[str, Any]:
        await asyncio.sleep(0)
        if ctx.run_id == runs[0]:
            loop.call_soon(lambda: loop.call_soon(drives[0].cancel))  # the driver commits in the turn between
        return {"copy": 1}

    async with Flexes.open(f"sqlite:///{tmp_path / 'flexes.db'}", registry=registry_of(work)) as flexes:
        flexes.ledger.observers.append(heard.append)
        runs = [(await flexes.start(ENVELOPE)).id for _ in range(2)]
        drives += [asyncio.create_task(flexes.drive(run_id)) for run_id in runs]
        with pytest.raises(asyncio.CancelledError):
            await drives[0]
        assert (await drives[1]).status == "completed"
        assert [event.kind for event in flexes.events(runs[0])].count("NodeCompleted") == 1
        assert [event for committed in heard for event in committed.events if event.run_id == runs[0]] == list(
            flexes.events(runs[0])
        )


@asynchronous
async def test_commands_on_one_run_in_one_turn(url: str) -> None:
    """Commands that reach a driven run in the turn of its own commit are decided one after the other; none is lost."""
    async with Flexes.open(url, registry=steps(NODES)) as flexes:
        runs = [(await flexes.start(envelope_of(NODES))).id for _ in range(4)]

        async def meddle(run_id: str) -> None:
            for clicks in count():
                try:
                    await flexes.signal(run_id, {"metrics": {"clicks": clicks}})
                except InvalidRunState:
                    return
                given[run_id] += 1
                await asyncio.sleep(0)

        given = dict.fromkeys(runs, 0)
        driven = asyncio.gather(*(flexes.drive(run_id) for run_id in runs))
        await asyncio.gather(*(meddle(run_id) for run_id in runs for _ in range(2)))
        assert {report.status for report in await driven} == {"completed"}
        for run_id in runs:
            assert [event.kind for event in flexes.events(run_id)].count("SignalReceived") == given[run_id] > 0
    assert check_store(url) == len(runs)


@asynchronous
async def test_a_commit_that_fails_fails_alone(tmp_path: Path) -> None:
    """Where the database refuses the events of one run, its driver hears it, and all other runs complete."""
    url = f"sqlite:///{tmp_path / 'flexes.db'}"
    bad = derived_run_id("bad")
    async with Flexes.open(url, registry=steps(NODES)) as flexes:
        runs = [(await flexes.start(envelope_of(NODES), run_id=run_id)).id for run_id in (None, bad, None, None)]
        with closing(sqlite3.connect(tmp_path / "flexes.db")) as raw:
            raw.execute(
                "CREATE TRIGGER bad BEFORE INSERT ON stored_events"
                f" WHEN NEW.originator_id = '{bad}' AND NEW.originator_version > 4"
                " BEGIN SELECT RAISE(ABORT, 'bad block'); END"
            )
        found = await asyncio.gather(*(flexes.drive(run_id) for run_id in runs), return_exceptions=True)
        failed = [run_id for run_id, outcome in zip(runs, found, strict=True) if isinstance(outcome, BaseException)]
        assert failed == [bad]
        assert isinstance(found[1], StoreUnavailable)
        assert not flexes.state(bad).is_final


@asynchronous
async def test_a_store_that_takes_nothing_is_not_asked_for_each_run(tmp_path: Path) -> None:
    """Where a store is away, all drivers hear it after three attempts, not after one for each; later they all go on."""
    with closing(Counting(tmp_path / "flexes.db", busy_timeout_s=0.02)) as counting:
        flexes = Flexes(counting, steps(NODES))
        runs = [(await flexes.start(envelope_of(NODES))).id for _ in range(RUNS)]
        counting.transactions = 0
        with closing(sqlite3.connect(tmp_path / "flexes.db", isolation_level=None)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            found = await asyncio.gather(*(flexes.drive(run_id) for run_id in runs), return_exceptions=True)
        assert {type(outcome) for outcome in found} == {StoreUnavailable}
        assert counting.transactions == 3
        reports = await asyncio.gather(*(flexes.drive(run_id) for run_id in runs))
        assert {report.status for report in reports} == {"completed"}


def test_runs_together_survive_sigkill(url: str) -> None:
    """After a SIGKILL among many runs each one is whole, and goes on; no completed node runs anew."""
    with subprocess.Popen(
        [sys.executable, str(PROCESS), url, str(RUNS), str(NODES)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        operations = [process.stdout.readline().strip() for _ in range(5 * RUNS + 7)]
        process.kill()
        operations += process.stdout.read().split()
    before = check_store(url)
    asyncio.run(_finish(url))
    with closing(open_store(url)) as store:
        heads = store.heads()
    assert check_store(url) == len(heads) > before
    assert len(operations) >= 5 * RUNS + 7


async def _finish(url: str) -> None:
    async with Flexes.open(url, registry=steps(NODES)) as flexes:
        reports = await asyncio.gather(*(flexes.drive(head.run_id) for head in flexes.runs()))
        assert {report.status for report in reports} == {"completed"}
