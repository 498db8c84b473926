"""What a durable store knows of the positions that it gave: events that were removed leave a hole."""

from collections.abc import Callable, Sequence

import pytest
from tests.contract.six_events import OTHER, RUN, store_six

from flexes.errors import VersionConflict
from flexes.ids import RunId
from flexes.store.port import Hole, NewEvent, Numbered, Store

Raw = Callable[[str], None]


@pytest.fixture(autouse=True)
def six_events(durable: Store) -> None:
    """Store five events of one run, and one of another in their midst."""
    store_six(durable)


def holes(store: Store, after: int = 0, limit: int = 100) -> Sequence[Hole]:
    """Return what is missing in the log of a store."""
    assert isinstance(store, Numbered)
    return store.holes(after, limit)


def test_a_log_that_nobody_touched_has_no_hole(durable: Store) -> None:
    """Whole commits, and appends that were refused, leave none."""
    with pytest.raises(VersionConflict):
        durable.append([NewEvent(RUN, 5, "Happened", b"5")])
    durable.append([NewEvent(RUN, 6, "Happened", b"6")])
    assert [list(holes(durable, after)) for after in range(8)] == [[]] * 8


@pytest.mark.parametrize(
    ("gone", "found"),
    [
        ("originator_version >= 4", [Hole(5, 6)]),
        ("originator_version = 5", [Hole(6, 6)]),
        (f"originator_id = '{OTHER}'", [Hole(4, 4)]),
        (f"originator_id = '{RUN}'", [Hole(1, 3), Hole(5, 6)]),
        ("originator_version > 0", [Hole(1, 6)]),
    ],
    ids=["a-commit", "the-last", "a-run", "another-run", "everything"],
)
def test_what_was_removed_leaves_a_hole(durable: Store, unprotected: Raw, gone: str, found: list[Hole]) -> None:
    """The end of a run, a whole run or the end of the log: positions that were given are never forgotten."""
    unprotected(f"DELETE FROM stored_events WHERE {gone}")
    assert list(holes(durable)) == found
    assert list(holes(durable, limit=1)) == found[:1]
    durable.append([NewEvent(RunId("00000000-0000-4000-8000-000000000003"), 1, "Happened", b"1")])
    assert list(holes(durable)) == found


def test_holes_are_asked_for_above_a_position(durable: Store, unprotected: Raw) -> None:
    """What lies below the position of a run's last event cannot have been its end."""
    unprotected(f"DELETE FROM stored_events WHERE originator_id = '{OTHER}' OR originator_version = 5")
    assert list(holes(durable, 3)) == [Hole(4, 4), Hole(6, 6)]
    assert list(holes(durable, 4)) == [Hole(6, 6)]
    assert list(holes(durable, 5)) == [Hole(6, 6)]
    assert list(holes(durable, 6)) == []
