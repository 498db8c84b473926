"""Appends to PostgreSQL: one round trip each, safe to ask for again when the answer was lost.

The writer computes the digests, so it must know the digest of the run's last event. It remembers those of the runs that
it wrote lately, and asks for others. The database compares what the writer believed with what it finds, under the lock
that all writers take: a memory that is wrong costs one more round trip and nothing else.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import Final, NamedTuple

from flexes.ids import RunId
from flexes.store.digest import first_digest, next_digest
from flexes.store.order import conflict
from flexes.store.port import NewEvent, Row
from flexes.store.postgres_arrays import bigint, bigints, blobs, read_bigint, read_bigints, texts
from flexes.store.postgres_calls import Call
from flexes.store.postgres_connections import Link, rows

_MAX_REMEMBERED: Final = 4_096
"""Runs whose last digest is remembered, those written last."""

_APPEND: Final = Call("append")
_APPEND_BATCH: Final = Call("append_batch")


class _Last(NamedTuple):
    """The version of a run's last event and its digest; 0 and None for a run without events."""

    version: int
    digest: bytes | None


class _Linked(NamedTuple):
    """One append of a batch, with its place there, the end of its run before it, and its digests."""

    place: int
    events: Sequence[NewEvent]
    last: _Last
    digests: Sequence[bytes]


class LastDigests:
    """What this process knows about the ends of runs; several threads may ask."""

    def __init__(self) -> None:
        self._known: dict[RunId, _Last] = {}
        self._lock = Lock()

    def before(self, events: Sequence[NewEvent]) -> _Last | None:
        """Return the end of the run to which these events can be appended, if it is known."""
        run_id, version = events[0].run_id, events[0].version - 1
        known = self._known.get(run_id) if version else _Last(0, None)
        return known if known and known.version == version else None

    def keep(self, last: NewEvent, digest: bytes) -> None:
        """Remember the last event of a run."""
        with self._lock:
            self._known.pop(last.run_id, None)
            self._known[last.run_id] = _Last(last.version, digest)
            if len(self._known) > _MAX_REMEMBERED:
                del self._known[next(iter(self._known))]


class Append:
    """One append, that may be asked for again when its acknowledgement was lost."""

    def __init__(self, events: Sequence[NewEvent], known: LastDigests) -> None:
        self._events = events
        self._known = known
        self._sent = False

    def __call__(self, connection: Link) -> tuple[int, ...]:
        """Return the positions.

        Raises:
            VersionConflict: The first version is not the next one of the run.
        """
        sent_before, self._sent = self._sent, True
        run_id, first = self._events[0].run_id, self._events[0].version
        last = self._known.before(self._events) or _last(connection, run_id)
        while last.version == first - 1:
            last, positions = self._stored_after(connection, last)
            if positions:
                return positions
        if sent_before and (own := own_positions(connection, self._events)):
            return own
        raise conflict(run_id, last.version, first)

    def _stored_after(self, connection: Link, last: _Last) -> tuple[_Last, tuple[int, ...]]:
        """Append if the run ends as believed; return the end that was found, and positions if it does."""
        run_id, first = self._events[0].run_id, self._events[0].version
        digests = chained(last.digest, self._events)
        head, found, given = _APPEND(
            connection,
            run_id.encode(),
            bigint(first),
            last.digest,
            texts(event.type for event in self._events),
            blobs([event.data for event in self._events]),
            blobs(digests),
        )
        positions = read_bigints(given)
        if positions:
            self._known.keep(self._events[-1], digests[-1])
        return _Last(read_bigint(head), found), positions


class BatchAppend:
    """Appends of different runs in one transaction, that may be asked for again like one."""

    def __init__(self, batch: Sequence[Sequence[NewEvent]], known: LastDigests) -> None:
        self._batch = batch
        self._known = known
        self._sent = False

    def __call__(self, connection: Link) -> list[tuple[int, ...] | None]:
        """Return the positions of each append, None for one that does not fit or whose run's end is not known."""
        sent_before, self._sent = self._sent, True
        found: list[tuple[int, ...] | None] = [None] * len(self._batch)
        ready = [
            _Linked(place, events, last, chained(last.digest, events))
            for place, events in enumerate(self._batch)
            if (last := self._known.before(events))
        ]
        for linked, positions in _stored(connection, ready):
            found[linked.place] = positions
            self._known.keep(linked.events[-1], linked.digests[-1])
        if sent_before:
            return [
                have or own_positions(connection, events) or None
                for have, events in zip(found, self._batch, strict=True)
            ]
        return found


def own_positions(connection: Link, events: Sequence[NewEvent]) -> tuple[int, ...]:
    """Return the positions of these very events if they are stored already."""
    first, last = events[0], events[-1]
    found = [Row(*row) for row in rows(connection, "read", first.run_id, first.version - 1, last.version)]
    same = [row[1:5] for row in found] == [tuple(event) for event in events]
    return tuple(row.position for row in found) if same else ()


def chained(previous: bytes | None, events: Sequence[NewEvent]) -> list[bytes]:
    """Return the digests of events that follow one, or that begin their run."""
    digest = first_digest(events[0].run_id) if previous is None else previous
    digests: list[bytes] = []
    for event in events:
        digest = next_digest(digest, *event)
        digests.append(digest)
    return digests


def _last(connection: Link, run_id: RunId) -> _Last:
    found = rows(connection, "last", run_id)
    return _Last(*found[0]) if found else _Last(0, None)


def _stored(connection: Link, batch: Sequence[_Linked]) -> Iterator[tuple[_Linked, tuple[int, ...]]]:
    """Append what fits, and yield each of it with its positions."""
    if not batch:
        return
    owned = [
        (owner, *event, digest)
        for owner, linked in enumerate(batch, 1)
        for event, digest in zip(linked.events, linked.digests, strict=True)
    ]
    owners, _, versions, types, data, digests = zip(*owned, strict=True)
    firsts = [linked.events[0] for linked in batch]
    stored, positions = _APPEND_BATCH(
        connection,
        texts(event.run_id for event in firsts),
        bigints(event.version for event in firsts),
        blobs([linked.last.digest for linked in batch]),
        bigints(owners),
        bigints(versions),
        texts(types),
        blobs(data),
        blobs(digests),
    )
    rest = iter(read_bigints(positions))
    for owner in read_bigints(stored):
        linked = batch[owner - 1]
        yield linked, tuple(islice(rest, len(linked.events)))
