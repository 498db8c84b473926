"""The port of every store: what is appended, what is read back, and the promises that each store keeps.

1. The events of a run have the versions 1, 2, 3, ...: no gap, no version twice, never changed, never removed.
2. One append is one transaction: all of its events are stored or none.
3. Every event has a position in the log of all runs. Positions grow in the order of commits and are never
   used again, so nothing ever appears below a position that was read. They may leave gaps.
4. Beside the bytes of an event stands its digest, which chains it to all earlier events of its run.
5. A snapshot is derived: losing all of them costs time and nothing else.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from flexes.ids import RunId


class NewEvent(NamedTuple):
    """One event to append: its run, its version from 1, its registered type name and its bytes as stored."""

    run_id: RunId
    version: int
    type: str
    data: bytes


class Row(NamedTuple):
    """One stored event: a `NewEvent`, its position in the log, from 1, and its SHA-256 digest of 32 bytes."""

    position: int
    run_id: RunId
    version: int
    type: str
    data: bytes
    digest: bytes


class Head(NamedTuple):
    """One run of the store: the version of its last event and the position of its first."""

    run_id: RunId
    version: int
    position: int


class Snapshot(NamedTuple):
    """The folded state of a run at a version; a reader ignores it when `schema` is not its own."""

    run_id: RunId
    version: int
    schema: int
    data: bytes


class EventStore(Protocol):
    """The log of all runs, for several threads at once and, unless it is in memory, several processes.

    Each method may raise `StoreUnavailable`.
    """

    def append(self, events: Sequence[NewEvent]) -> tuple[int, ...]:
        """Store the next events of one run in one transaction and return their positions.

        Raises:
            VersionConflict: The first version is not the one after the run's last, or a later one is out of
                sequence; nothing was stored.
            ValueError: The events are not all of one run.
        """
        ...

    def read(self, run_id: RunId, after: int = 0, upto: int | None = None) -> Sequence[Row]:
        """Return a run's events with `after` < version <= `upto`, in version order."""
        ...

    def read_all(self, after: int, limit: int) -> Sequence[Row]:
        """Return at most `limit` events of all runs with a position above `after`, in position order."""
        ...

    def heads(self, limit: int = 1_000, before: int | None = None) -> Sequence[Head]:
        """Return the runs, the one started last first.

        Args:
            limit: Size of a page.
            before: Position of the last head of the page before; None for the first page.
        """
        ...

    def last_position(self) -> int:
        """Return the position of the last event of the log; 0 for an empty log."""
        ...

    def close(self) -> None:
        """Let go of all connections; again is allowed, any other use afterwards raises `StoreUnavailable`."""
        ...


class SnapshotStore(Protocol):
    """At most one snapshot of each run."""

    def load_snapshot(self, run_id: RunId) -> Snapshot | None:
        """Return the run's snapshot, whatever its schema."""
        ...

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Replace the run's snapshot, unless the kept one has the same schema and no earlier version."""
        ...


class Store(EventStore, SnapshotStore, Protocol):
    """What `open_store` returns: the log and its snapshots.

    Attributes:
        migrated: Names of the migrations that opening the store applied.
    """

    migrated: tuple[str, ...]


class Hole(NamedTuple):
    """Positions of the log, from `first` to `last`, that were given to events which are not there."""

    first: int
    last: int


@runtime_checkable
class Numbered(Protocol):
    """A store that keeps count of the positions that it gave, so that events that were removed leave a hole.

    Attributes:
        holes_prove_removal: Whether only a removal leaves a hole. Where it is false, an append that failed or a
            crash of the server may have left it too.
    """

    holes_prove_removal: bool

    def holes(self, after: int, limit: int) -> Sequence[Hole]:
        """Return at most `limit` holes above a position, in order; the last one may be the end of the log."""
        ...


@runtime_checkable
class Batches(Protocol):
    """A store for which several appends in one transaction cost little more than one."""

    def append_batch(self, batch: Sequence[Sequence[NewEvent]]) -> Sequence[tuple[int, ...] | None]:
        """Store several appends in one transaction, each of them whole or not at all.

        Args:
            batch: Appends of different runs, none empty, each with versions in sequence.

        Returns:
            For each append its positions, or None if its first version is not the next one of its run, or the store
            does not know whether it is: nothing of it was stored, and `append` says more.

        Raises:
            StoreUnavailable: Also for what the database refuses in one of them; whether the others are stored is not
                known.
        """
        ...


@runtime_checkable
class BatchStore(Store, Numbered, Batches, Protocol):
    """A store in a database, whose appends can be coalesced."""


@runtime_checkable
class Wakes(Protocol):
    """A store that can be told of new events sooner than it is asked."""

    def wait(self, timeout_s: float) -> None:
        """Return when there may be new events, and after `timeout_s` at the latest; never raises."""
        ...
