"""Following the log of any store: one poller, whose every wait is bounded, whatever wake-ups are lost."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from flexes.store.port import EventStore, Row, Wakes

MAX_POLL_S: Final = 0.25
"""The longest wait between two looks at the log."""


async def tail(
    store: EventStore, after: int, *, poll_s: float = 0.1, limit: int = 1_000
) -> AsyncGenerator[Sequence[Row], None]:
    """Yield the events of all runs after a position, in batches of 1 to `limit`, until the caller closes it.

    Args:
        store: Read in a thread, so that the event loop is not held up.
        after: Position of the last event already seen; 0 for the whole log.
        poll_s: Wait after a look that found nothing; at most 0.25 seconds.
        limit: Largest batch.
    """
    while True:
        rows = await asyncio.to_thread(store.read_all, after, limit)
        if rows:
            after = rows[-1].position
            yield rows
        else:
            await _pause(store, min(poll_s, MAX_POLL_S))


async def _pause(store: EventStore, timeout_s: float) -> None:
    if isinstance(store, Wakes):
        await asyncio.to_thread(store.wait, timeout_s)
    else:
        await asyncio.sleep(timeout_s)
