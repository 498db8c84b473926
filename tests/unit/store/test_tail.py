"""Following the log."""

import asyncio
from contextlib import aclosing

from flexes.ids import RunId
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent
from flexes.store.tail import tail

RUN = RunId("00000000-0000-4000-8000-000000000001")


async def follow(store: MemoryStore, after: int, wanted: int, limit: int) -> list[int]:
    """Return the positions that a tail yields until it has as many as wanted."""
    seen: list[int] = []
    async with aclosing(tail(store, after, poll_s=0.001, limit=limit)) as batches:
        async for batch in batches:
            assert 0 < len(batch) <= limit
            seen += [row.position for row in batch]
            if len(seen) >= wanted:
                break
    return seen


def test_a_tail_yields_what_is_stored_and_what_comes() -> None:
    """Events already stored after the position and events that come later come once each, in batches."""

    async def scenario() -> list[int]:
        store = MemoryStore()
        store.append([NewEvent(RUN, version, "Happened", b"") for version in range(1, 6)])
        following = asyncio.create_task(follow(store, after=2, wanted=6, limit=2))
        await asyncio.sleep(0.005)
        store.append([NewEvent(RUN, version, "Happened", b"") for version in range(6, 9)])
        return await following

    assert asyncio.run(scenario()) == [3, 4, 5, 6, 7, 8]


def test_a_wait_is_bounded() -> None:
    """A poll interval beyond the bound is cut to it: no reader sleeps through an event for long."""

    async def scenario() -> list[int]:
        store = MemoryStore()
        async with aclosing(tail(store, 0, poll_s=1e9)) as batches:
            first = asyncio.ensure_future(anext(batches))
            await asyncio.sleep(0.01)
            store.append([NewEvent(RUN, 1, "Happened", b"")])
            return [row.version for row in await first]

    assert asyncio.run(scenario()) == [1]
