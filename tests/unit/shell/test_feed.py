"""Following one run among others that write."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from itertools import zip_longest
from typing import Any

import pytest

from flexes.errors import RunNotFound
from flexes.ids import RunId
from flexes.policy.problems import validated
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate
from flexes.shell.feed import follow, frames_of_run
from flexes.store.codec import encode
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent, Row
from flexes.view.frame import Frame, parse_frame_id


class ReadStore(MemoryStore):
    """A store in memory that knows which rows were read from it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[int] = set()

    def read(self, run_id: RunId, after: int = 0, upto: int | None = None) -> Sequence[Row]:
        """Return the rows, and remember them."""
        return self._noted(super().read(run_id, after, upto))

    def read_all(self, after: int, limit: int) -> Sequence[Row]:
        """Return the rows, and remember them."""
        return self._noted(super().read_all(after, limit))

    def _noted(self, rows: Sequence[Row]) -> Sequence[Row]:
        self.seen.update(row.position for row in rows)
        return rows


def commits(topic: str) -> list[list[NewEvent]]:
    """Return the commits of a small simulated run."""
    document: Any = {
        "envelope": {"objective": topic, "outputContract": {"mode": "facets", "facets": ["copy"]}},
        "capabilities": [{"id": "w", "outputs": ["copy"], "script": [{"outputs": {"copy": topic}}]}],
    }
    found = simulate(validated(Scenario, document, "scenario"))
    return [[encode(event) for event in commit.events] for commit in found.commits]


def in_turns(*runs: list[list[NewEvent]]) -> list[list[NewEvent]]:
    """Return the commits of several runs, as if they took turns."""
    return [commit for turn in zip_longest(*runs) for commit in turn if commit]


async def followed(store: MemoryStore, run_id: RunId, after: str | None) -> list[Frame]:
    """Return what a feed tells until it ends by itself."""
    async with aclosing(follow(store, run_id, after)) as frames:
        return [frame async for frame in frames]


def test_a_feed_of_one_run_reads_that_run_alone() -> None:
    """Not one row of another run is read, so following a quiet run costs nothing in a busy store."""
    store, ours = ReadStore(), commits("tea")
    for commit in in_turns(ours, *map(commits, "abcdef")):
        store.append(commit)
    run_id = ours[0][0].run_id
    wanted = {row.position for row in MemoryStore.read(store, run_id)}
    assert asyncio.run(followed(store, run_id, None)) == list(frames_of_run(store, run_id))
    assert store.seen == wanted


@pytest.mark.parametrize("late", [True, False])
def test_a_feed_of_one_run_misses_and_doubles_nothing_at_any_cut(late: bool) -> None:
    """Cut after any frame, with the rest stored before or while it is followed, the parts are the uncut feed."""
    ours, whole = commits("tea"), MemoryStore()
    stored = in_turns(ours, [*commits("coffee"), *commits("water")])
    for commit in stored:
        whole.append(commit)
    run_id = ours[0][0].run_id
    uncut = list(frames_of_run(whole, run_id))

    async def rest(cut: int) -> list[Frame]:
        """Return the frames after a cut; those of later commits come while the feed is being read."""
        store, turns = MemoryStore(), list(stored)
        known = parse_frame_id(uncut[cut].id).position if late else whole.last_position()
        while turns and store.last_position() < known:
            store.append(turns.pop(0))
        following = asyncio.create_task(followed(store, run_id, uncut[cut].id))
        for commit in turns:
            await asyncio.sleep(0.002)
            store.append(commit)
        return await asyncio.wait_for(following, 30)

    for cut in range(len(uncut)):
        assert asyncio.run(rest(cut)) == uncut[cut + 1 :]


def test_an_unknown_run_is_refused() -> None:
    """Following a run that there is not says so, instead of waiting for it for ever."""
    with pytest.raises(RunNotFound):
        asyncio.run(followed(MemoryStore(), RunId("none"), None))
