"""The rules that all stores share: an append holds a run's next versions; a snapshot only moves forward."""

from collections.abc import Sequence

from flexes.errors import VersionConflict
from flexes.ids import RunId
from flexes.store.port import NewEvent, Snapshot


def check_sequence(events: Sequence[NewEvent]) -> None:
    """Check what can be known before the store is asked.

    Raises:
        VersionConflict: A version does not follow the one before it, or the first is below 1.
        ValueError: The events are not all of one run.
    """
    run_id, first = events[0].run_id, events[0].version
    if first < 1:
        raise VersionConflict(f"run {run_id}: versions start at 1, got {first}", run_id=run_id, version=first)
    for expected, event in enumerate(events, start=first):
        if event.run_id != run_id:
            raise ValueError(f"one append is about one run, got {run_id} and {event.run_id}: append each by itself")
        if event.version != expected:
            raise VersionConflict(
                f"run {run_id}: version {expected} must come next in this append, got {event.version}",
                run_id=run_id,
                version=event.version,
                expected=expected,
            )


def check_next(run_id: RunId, head: int, version: int) -> None:
    """Check the first version of an append against the version of the run's last stored event, 0 for none.

    Raises:
        VersionConflict: It is not the one after it.
    """
    if version != head + 1:
        raise conflict(run_id, head, version)


def conflict(run_id: RunId, head: int, version: int) -> VersionConflict:
    """Return the refusal of a version that is taken, or that would leave a gap."""
    why = "is already stored" if version <= head else "would leave a gap"
    return VersionConflict(
        f"run {run_id}: version {version} {why}, the last one is {head}: load the run again and decide again",
        run_id=run_id,
        version=version,
        expected=head + 1,
    )


def replaces(new: Snapshot, kept: Snapshot) -> bool:
    """Return whether a snapshot replaces the kept one; the SQL of the other stores says the same."""
    return new.schema != kept.schema or new.version > kept.version
