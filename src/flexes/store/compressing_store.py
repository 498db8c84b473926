"""A store that compresses what is appended: a third to a half of the bytes, for some microseconds an event.

What is read is what is stored, since digests are over stored bytes: `codec.decode` reads both forms, so a log may hold
events of either and the option may change at any time.
"""

from collections.abc import Sequence

from flexes.store.compression import compress
from flexes.store.decorator import StoreDecorator
from flexes.store.port import NewEvent


class CompressingStore(StoreDecorator):
    """A store whose events are stored compressed."""

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """See `EventStore.append`."""
        return super().append(_compressed(events))

    def append_batch(self, batch: Sequence[Sequence[NewEvent]]) -> Sequence[tuple[int, ...] | None]:
        """See `Batches.append_batch`."""
        return super().append_batch([_compressed(events) for events in batch])


def _compressed(events: Sequence[NewEvent]) -> list[NewEvent]:
    return [NewEvent(run_id, version, type_, compress(data)) for run_id, version, type_, data in events]
