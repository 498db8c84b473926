"""Verification of stored runs: the digest chain, the lifecycle, and every decision made again (semantics 10).

Each run is checked up to its first break, for every check by itself; nothing is changed.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from flexes.errors import RunNotFound
from flexes.ids import RunId
from flexes.run.commit import DECIDER
from flexes.run.decide import decided_commit
from flexes.run.events import Event
from flexes.run.evolve import evolve, fold
from flexes.run.lifecycle import allows
from flexes.run.rebuild import command_of
from flexes.run.state import State
from flexes.store.codec import decode, encode
from flexes.store.digest import verify_chain
from flexes.store.port import EventStore, Row

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
        skipped += commit[0].decider != DECIDER
        found = _checked(state, commit)
        if found is not None:
            findings.append(found)
            break
        state = fold(commit, state)
    return Verified(run_id, len(rows), commits, skipped, tuple(findings))


def _commits(rows: Sequence[Row], findings: list[Finding]) -> Iterator[list[Event]]:
    """Yield the commits as far as they can be read."""
    events: list[Event] = []
    for row in rows:
        try:
            events.append(decode(row))
        except Exception as error:  # bytes that somebody tampered with can be anything
            findings.append(Finding("readable", row.version, _told(error)))
            break
    for _, commit in groupby(events, key=lambda event: event.command_id):
        yield list(commit)


def _checked(state: State | None, commit: Sequence[Event]) -> Finding | None:
    return _illegal(state, commit) or _decided_otherwise(state, commit)


def _illegal(state: State | None, commit: Sequence[Event]) -> Finding | None:
    for event in commit:
        status = state.status if state is not None else None
        if not (event.kind == "RunStarted" if status is None else allows(status, event.kind)):
            return Finding(
                "lifecycle", event.version, f"{event.kind} cannot happen while a run is {status or 'unborn'}"
            )
        try:
            state = evolve(state, event)
        except Exception as error:  # the same: only events that nobody decided make the fold raise
            return Finding("lifecycle", event.version, f"{event.kind} cannot be folded: {_told(error)}")
    return None


def _decided_otherwise(state: State | None, commit: Sequence[Event]) -> Finding | None:
    if commit[0].decider != DECIDER:
        return None
    version = commit[0].version
    try:
        decided, _ = decided_commit(state, command_of(commit))
    except Exception as error:  # the same: a command that was accepted then is refused now
        return Finding("decision", version, f"deciding this commit again is refused: {_told(error)}")
    for place, stored in enumerate(commit):
        again = decided[place] if place < len(decided) else None
        if again is None or encode(again) != encode(stored):
            other = "nothing" if again is None else _difference(again, stored)
            return Finding("decision", stored.version, f"{stored.kind} is stored, but the rules decide {other}")
    if len(decided) > len(commit):
        return Finding("decision", commit[-1].version + 1, f"{decided[len(commit)].kind} should follow, but is missing")
    return None


def _difference(again: Event, stored: Event) -> str:
    if again.kind != stored.kind:
        return again.kind
    ours, theirs = again.model_dump(mode="json"), stored.model_dump(mode="json")
    names = sorted(name for name in ours if ours[name] != theirs.get(name))
    return f"another {again.kind} ({', '.join(names) or 'other bytes'} differ)"


def _told(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else "no message"
    return f"{type(error).__name__}: {text}"
