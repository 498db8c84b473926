"""Verification of stored runs: the digest chain, the lifecycle, and every decision made again (semantics 10).

Each run is checked up to its first break, for every check by itself; nothing is changed. What a run cannot show by
itself, that its end or all of it was removed, shows as a hole in the log of all runs.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from typing import Final, Literal, NamedTuple

import orjson

from flexes.errors import RunNotFound, UnreadableEvent
from flexes.ids import RunId
from flexes.run.commit import DECIDER
from flexes.run.decide import decided_commit
from flexes.run.events import TERMINAL, Event
from flexes.run.evolve import evolve, fold
from flexes.run.lifecycle import allows
from flexes.run.rebuild import command_of
from flexes.run.state import State
from flexes.store.codec import decode, encode
from flexes.store.compression import decompress
from flexes.store.digest import verify_chain
from flexes.store.port import EventStore, Hole, NewEvent, Numbered, Row

MAX_HOLES: Final = 100
"""Holes of the log that are named; there may be more."""

_BATCH: Final = 2_000
Check = Literal["digest", "readable", "lifecycle", "decision"]


class Finding(NamedTuple):
    """The first break that one check found in a run, and the version of the event where it is."""

    check: Check
    version: int
    message: str


class Verified(NamedTuple):
    """What the checks of one run came to.

    Attributes:
        not_redecided: Commits that another version of the rules decided; the other checks cover them.
    """

    run_id: RunId
    events: int
    commits: int
    not_redecided: int
    findings: tuple[Finding, ...]


class Stored(NamedTuple):
    """A stored event, as plain bytes and as read."""

    row: Row
    event: Event


class Holes(NamedTuple):
    """Positions of the log whose events are not there; `proven` if nothing but a removal leaves such a hole."""

    found: tuple[Hole, ...]
    proven: bool


def recorded_runs(store: EventStore) -> list[RunId]:
    """Return every run that the log holds an event of, the first recorded first, whatever is missing of it."""
    found: dict[RunId, None] = {}
    after = 0
    while rows := store.read_all(after, _BATCH):
        found.update((row.run_id, None) for row in rows)
        after = rows[-1].position
    return list(found)


def verify_run(store: EventStore, run_id: RunId) -> Verified:
    """Check one run.

    Raises:
        RunNotFound: There is no such run.
    """
    rows = store.read(run_id)
    if not rows:
        raise RunNotFound(f"there is no run {run_id}; list them with `flexes runs`", run_id=run_id)
    broken = verify_chain(rows)
    findings = [Finding("digest", broken.version, broken.why)] if broken else []
    commits, skipped = 0, 0
    state: State | None = None
    for commit in _commits(rows, findings):
        commits += 1
        skipped += commit[0].event.decider != DECIDER
        found = _illegal(state, commit) or _decided_otherwise(state, commit)
        if found is not None:
            findings.append(found)
            break
        state = fold((stored.event for stored in commit), state)
    return Verified(run_id, len(rows), commits, skipped, tuple(findings))


def log_holes(store: EventStore) -> Holes:
    """Return the first MAX_HOLES holes of the whole log; none for a store in memory, which nobody can cut."""
    return _holes(store, 0)


def holes_after(store: EventStore, run_id: RunId) -> Holes:
    """Return the holes in which the end of a run may have been; none if it has its terminal event."""
    last = store.read(run_id)[-1]
    return Holes((), proven=True) if last.type in TERMINAL else _holes(store, last.position)


def _holes(store: EventStore, after: int) -> Holes:
    if not isinstance(store, Numbered):
        return Holes((), proven=True)
    return Holes(tuple(store.holes(after, MAX_HOLES)), store.holes_prove_removal)


def _commits(rows: Sequence[Row], findings: list[Finding]) -> Iterator[list[Stored]]:
    """Yield the commits as far as they can be read; what cannot be is added to the findings."""
    read: list[Stored] = []
    for row in rows:
        try:
            read.append(Stored(row._replace(data=decompress(row.data)), _whole(decode(row))))
        except Exception as error:  # bytes that somebody tampered with can be anything
            findings.append(Finding("readable", row.version, _told(error)))
            break
    for _, commit in groupby(read, key=lambda stored: stored.event.command_id):
        yield list(commit)


def _whole(event: Event) -> Event:
    """Return the event if it has every field of its type, which reading does not ask for."""
    missing = [name for name in type(event).model_fields if name not in event.__dict__]
    if missing:
        raise UnreadableEvent(f"{event.kind} lacks {', '.join(missing)}")
    return event


def _illegal(state: State | None, commit: Sequence[Stored]) -> Finding | None:
    for _, event in commit:
        status = state.status if state is not None else None
        if not (event.kind == "RunStarted" if status is None else allows(status, event.kind)):
            told = f"{event.kind} cannot happen while a run is {status or 'not started'}"
            return Finding("lifecycle", event.version, told)
        try:
            state = evolve(state, event)
        except Exception as error:  # only an event that nobody decided makes the fold raise
            return Finding("lifecycle", event.version, f"{event.kind} cannot be folded: {_told(error)}")
    return None


def _decided_otherwise(state: State | None, commit: Sequence[Stored]) -> Finding | None:
    if commit[0].event.decider != DECIDER:
        return None
    try:
        command = command_of([stored.event for stored in commit])
        decided = [encode(event) for event in decided_commit(state, command)[0]]
    except Exception as error:  # what was accepted then is refused now
        return Finding("decision", commit[0].row.version, f"deciding this commit again fails: {_told(error)}")
    for again, row in zip_longest(decided, (stored.row for stored in commit)):
        found = _difference(again, row)
        if found is not None:
            return found
    return None


def _difference(again: NewEvent | None, row: Row | None) -> Finding | None:
    if row is None:
        assert again is not None
        return Finding("decision", again.version, f"the rules decide {again.type}, but it is not stored")
    if again is None:
        return Finding("decision", row.version, f"{row.type} is stored, but the rules decide nothing more")
    if again == NewEvent(row.run_id, row.version, row.type, row.data):
        return None
    other = again.type if again.type != row.type else f"other values of {_keys(again.data, row.data)}"
    return Finding("decision", row.version, f"{row.type} is stored, but the rules decide {other}")


def _keys(data: bytes, other: bytes) -> str:
    ours, theirs = orjson.loads(data), orjson.loads(other)
    names = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    return ", ".join(names) or "nothing, in other bytes"


def _told(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else "no message"
    return f"{type(error).__name__}: {text}"
