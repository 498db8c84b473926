"""The feed behind `flexes frames`: interleaved runs, live tails and silences."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from itertools import zip_longest
from typing import Any

import pytest

from flexes.cli.frames import _with_silences
from flexes.ids import RunId
from flexes.policy.problems import validated
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate
from flexes.shell import feed
from flexes.shell.feed import RunFeed, follow, frames_of_all, frames_of_run
from flexes.store.codec import encode
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent
from flexes.view.frame import Frame

Commits = list[list[NewEvent]]


def commits(topic: str) -> Commits:
    """Return the commits of a small simulated run."""
    document: Any = {
        "envelope": {"objective": topic, "outputContract": {"mode": "facets", "facets": ["copy"]}},
        "capabilities": [{"id": "w", "outputs": ["copy"], "script": [{"outputs": {"copy": topic}}]}],
    }
    found = simulate(validated(Scenario, document, "scenario"))
    return [[encode(event) for event in commit.events] for commit in found.commits]


@pytest.fixture
def store() -> MemoryStore:
    """Return a store in which three runs take turns, commit by commit."""
    store = MemoryStore()
    for turn in zip_longest(commits("tea"), commits("coffee"), commits("water"), fillvalue=None):
        for commit in turn:
            store.append(commit or [])
    return store


def run_ids(store: MemoryStore) -> Iterator[RunId]:
    """Return the runs, the one started last first."""
    return (head.run_id for head in store.heads())


async def taken(store: MemoryStore, run_id: RunId | None, after: str | None, count: int) -> list[Frame]:
    """Return so many frames of a live feed, then cut it."""
    found: list[Frame] = []
    async with aclosing(follow(store, run_id, after)) as frames:
        async for frame in frames:
            found.append(frame)
            if len(found) == count:
                break
    return found


def test_one_id_resumes_every_feed(store: MemoryStore) -> None:
    """A frame has the same id in its run's feed and in the whole one; the whole is the runs, merged in log order."""
    whole = list(frames_of_all(store))
    merged = [frame for run_id in run_ids(store) for frame in frames_of_run(store, run_id)]
    assert sorted(merged, key=lambda frame: frame.id) == whole
    for frame in whole:
        for run_id in run_ids(store):
            rest = [other for other in whole if other.id > frame.id and other.run_id == run_id]
            assert list(frames_of_run(store, run_id, frame.id)) == rest


def test_states_that_were_not_kept_are_folded_again(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few states are kept, the feed is the same."""
    whole = list(frames_of_all(store))
    monkeypatch.setattr(feed, "MAX_RUNS", 1)
    assert list(frames_of_all(store)) == whole


def test_a_live_feed_is_the_stored_one_at_any_cut(store: MemoryStore) -> None:
    """Following from any id gives what is stored after it; the feed of one run ends with its terminal frame."""
    whole = list(frames_of_all(store))
    run_id = next(run_ids(store))
    of_run = list(frames_of_run(store, run_id))
    for cut, frame in enumerate(of_run, 1):
        assert asyncio.run(taken(store, run_id, frame.id, -1)) == of_run[cut:]
    for cut in range(len(whole) - 3):
        assert asyncio.run(taken(store, None, whole[cut].id, 3)) == whole[cut + 1 : cut + 4]


def test_a_live_feed_sees_what_is_appended() -> None:
    """Frames arrive as commits are made, also of runs that start later; between them silences are told."""
    store, appended = MemoryStore(), commits("tea")

    async def watched() -> list[str]:
        found: list[str] = []
        async with aclosing(follow(store)) as live, aclosing(_with_silences(live, 0.02)) as told:
            async for frame in told:
                found.append("" if frame is None else frame.type)
                if frame is None and appended:
                    store.append(appended.pop(0))
                if found[-1] == "complete":
                    return found
        return found

    found = asyncio.run(asyncio.wait_for(watched(), 30))
    assert "" in found
    assert [name for name in found if name] == [frame.type for frame in frames_of_all(store)]


def test_a_run_feed_tells_each_frame_once(store: MemoryStore) -> None:
    """What was taken is not told again, and a feed may begin after any version."""
    run_id = next(run_ids(store))
    frames = list(frames_of_run(store, run_id))
    live = RunFeed(store, run_id)
    assert live.take() == frames
    assert live.take() == []
    last = store.read(run_id)[-1]
    assert RunFeed(store, run_id, last.version - 1).take() == [frames[-1]]
