"""Following the log, or one run of it, in any store: every wait is bounded, whatever wake-ups are lost."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from flexes.ids import RunId
from flexes.store.port import EventStore, Row, Wakes

MAX_POLL_S: Final = 0.25
"""The longest wait between two looks at the log."""


async def tail(
    store: EventStore, after: int, *, run_id: RunId | None = None, poll_s: float = 0.1, limit: int = 1_000
) -> AsyncGenerator[Sequence[Row], None]:
    """Yield the events after a position, in batches of 1 to `limit`, until the caller closes it.

    Args:
        store: Read in a thread, so that the event loop is not held up.
        after: Position of the last event already seen, of one run its version; 0 for all.
        run_id: The only run to read; None for all.
        poll_s: Wait after a look that found nothing; at most 0.25 seconds.
        limit: Largest batch.
    """
    while True:
        rows = await asyncio.to_thread(_rows_after, store, run_id, after, limit)
        if rows:
            after = rows[-1].position if run_id is None else rows[-1].version
            yield rows
        else:
            await _pause(store, min(poll_s, MAX_POLL_S))


def _rows_after(store: EventStore, run_id: RunId | None, after: int, limit: int) -> Sequence[Row]:
    return store.read_all(after, limit) if run_id is None else store.read(run_id, after, after + limit)


async def _pause(store: EventStore, timeout_s: float) -> None:
    if isinstance(store, Wakes):
        await asyncio.to_thread(store.wait, timeout_s)
    else:
        await asyncio.sleep(timeout_s)
