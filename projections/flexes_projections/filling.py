"""Filling generations from the log: by several processes while there is much to do, then alone up to the end."""

import os
from collections.abc import Callable
from typing import Final, NamedTuple

from flexes.store.port import EventStore
from flexes_projections.batch import Target, no_garbage_collection
from flexes_projections.catalogue import BY_NAME
from flexes_projections.pace import Pace
from flexes_projections.runner import Runner
from flexes_projections.shards import Shards

SHARED_FROM: Final = 20_000
"""Fewer events than these are done before other processes have started."""

MOST_WORKERS: Final = 4
"""More than these make rows faster than one writer takes them."""


class Progress(NamedTuple):
    """How far a rebuild has come.

    Attributes:
        events: Events read since it began, or went on.
        position: The position up to which it has come.
        last: The position of the last event of the log.
    """

    events: int
    position: int
    last: int


Observer = Callable[[Progress], None]


class Workers(NamedTuple):
    """Processes that make rows.

    Attributes:
        store_url: Where each of them finds the log.
        processes: How many; with one, rows are made by whoever writes them.
        shared_from: Fewest events that are worth it.
    """

    store_url: str
    processes: int
    shared_from: int = SHARED_FROM


def most_workers() -> int:
    """Return how many workers this machine has use for: one a core, up to MOST_WORKERS."""
    return min(os.cpu_count() or 1, MOST_WORKERS)


def fill(store: EventStore, runner: Runner, observer: Observer | None = None, workers: Workers | None = None) -> int:
    """Take batches until there are no more; return how many events were read.

    Raises:
        WorkerLost: A process was ended from outside; what was written is kept.
    """
    filling = _Filling(store, runner, observer)
    with no_garbage_collection():
        if workers is not None:
            filling.share(workers)
        while taken := runner.step():
            filling.tell(taken)
    return filling.read


class _Filling:
    def __init__(self, store: EventStore, runner: Runner, observer: Observer | None) -> None:
        self.read = 0
        self._runner = runner
        self._observer = observer
        self._last = store.last_position()

    def share(self, workers: Workers) -> None:
        """Let processes make rows up to where the log ends now; leave the rest where that is not worth it."""
        targets = self._runner.targets()
        after = min((target.generation.position for target in targets), default=self._last)
        if workers.processes < 2 or self._last - after < workers.shared_from or not all(map(_is_known, targets)):
            return
        with Shards(workers.store_url, targets, workers.processes) as shards:
            for made in shards.made(after, self._last, Pace(self._runner.batch)):
                if not self._runner.take(after, made):
                    return
                after = made.position
                self.tell(made.events)

    def tell(self, events: int) -> None:
        """Say how far it has come."""
        self.read += events
        if self._observer is not None:
            position = min((target.generation.position for target in self._runner.targets()), default=self._last)
            self._observer(Progress(self.read, position, max(self._last, position)))


def _is_known(target: Target) -> bool:
    """Return whether another process finds the projection by its name."""
    return BY_NAME.get(target.projection.name) == target.projection
