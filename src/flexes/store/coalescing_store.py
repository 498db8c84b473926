"""A store for many threads: the same promises, and one transaction for all appends that would wait for each other.

It pays where several threads append to one store object at once, and a flush to the disk takes longer than what they
do between their appends. Runs that share an event loop share transactions without it, see `shell.commits`.
"""

from collections.abc import Sequence

from flexes.store.coalescing import Coalescer
from flexes.store.decorator import StoreDecorator
from flexes.store.port import BatchStore, NewEvent


class CoalescingStore(StoreDecorator):
    """A store whose appends of several threads go into one transaction."""

    def __init__(self, store: BatchStore) -> None:
        super().__init__(store)
        self._coalescer = Coalescer(store)

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """See `EventStore.append`."""
        return self._coalescer.append(events)
