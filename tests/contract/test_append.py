"""What every store promises about appending."""

import pytest

from flexes.errors import VersionConflict
from flexes.ids import RunId
from flexes.store.port import NewEvent, Store

RUN = RunId("00000000-0000-4000-8000-000000000001")
OTHER = RunId("00000000-0000-4000-8000-000000000002")


def events(run_id: RunId, first: int, *data: bytes) -> list[NewEvent]:
    """Return events with the given bytes, from a version on."""
    return [NewEvent(run_id, first + offset, "Happened", item) for offset, item in enumerate(data)]


def stored(store: Store, run_id: RunId = RUN) -> list[bytes]:
    """Return the bytes of a run."""
    return [row.data for row in store.read(run_id)]


def test_an_append_is_read_back_as_it_was(store: Store) -> None:
    """Run, version, type and bytes of an event come back unchanged, at the positions that append returned."""
    positions = store.append(events(RUN, 1, b'{"a":1}', b"\x00\xff"))
    assert [row[:5] for row in store.read(RUN)] == [
        (positions[0], RUN, 1, "Happened", b'{"a":1}'),
        (positions[1], RUN, 2, "Happened", b"\x00\xff"),
    ]


def test_no_events_are_no_append(store: Store) -> None:
    """An empty append stores nothing and uses no position."""
    assert store.append([]) == ()
    assert store.last_position() == 0


def test_a_run_starts_at_version_1(store: Store) -> None:
    """The first version of a run is 1."""
    with pytest.raises(VersionConflict, match="would leave a gap"):
        store.append(events(RUN, 2, b"late"))
    with pytest.raises(VersionConflict, match="versions start at 1"):
        store.append(events(RUN, 0, b"early"))
    assert stored(store) == []


@pytest.mark.parametrize(("first", "why"), [(1, "already stored"), (2, "already stored"), (4, "leave a gap")])
def test_only_the_next_version_is_taken(store: Store, first: int, why: str) -> None:
    """A version that exists, or that leaves a gap, is a conflict that names the version that comes next."""
    store.append(events(RUN, 1, b"1", b"2"))
    with pytest.raises(VersionConflict, match=why) as refused:
        store.append(events(RUN, first, b"x", b"y"))
    assert refused.value.facts == {"run_id": RUN, "version": first, "expected": 3}
    assert stored(store) == [b"1", b"2"]


def test_an_identical_append_is_a_conflict_too(store: Store) -> None:
    """The store does not guess that a repeated append is the same command: the caller asks by command id."""
    store.append(events(RUN, 1, b"1"))
    with pytest.raises(VersionConflict):
        store.append(events(RUN, 1, b"1"))


@pytest.mark.parametrize("versions", [(1, 3), (1, 1), (2, 1), (1, 2, 4)])
def test_the_versions_of_an_append_are_in_sequence(store: Store, versions: tuple[int, ...]) -> None:
    """A gap, a repetition or a wrong order within one append is a conflict, and none of it is stored."""
    with pytest.raises(VersionConflict):
        store.append([NewEvent(RUN, version, "Happened", b"x") for version in versions])
    assert store.read_all(0, 10) == []


def test_an_append_is_about_one_run(store: Store) -> None:
    """Events of two runs in one append are an error of the caller, and none of them is stored."""
    with pytest.raises(ValueError, match="one append is about one run"):
        store.append(events(RUN, 1, b"a") + events(OTHER, 2, b"b"))
    assert store.read_all(0, 10) == []


def test_an_append_is_stored_whole_or_not_at_all(store: Store) -> None:
    """An append that fails at its last event, for whatever reason, leaves nothing behind."""
    broken = NewEvent(RUN, 3, "Happened", object())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(Exception):  # noqa: B017, PT011 - each store fails in its own way
        store.append([*events(RUN, 1, b"1", b"2"), broken])
    assert store.read_all(0, 10) == []
    assert len(store.append(events(RUN, 1, b"1", b"2"))) == 2


def test_a_failed_append_breaks_no_later_digest(store: Store) -> None:
    """A refused append leaves no trace in the digest chain."""
    store.append(events(RUN, 1, b"1"))
    with pytest.raises(VersionConflict):
        store.append(events(RUN, 1, b"x"))
    before = store.read(RUN)
    store.append(events(RUN, 2, b"2"))
    assert store.read(RUN)[:1] == before


def test_an_event_may_be_8_megabytes(store: Store) -> None:
    """Payloads of facets get large: 8 MB go in and come back unchanged, between two small events."""
    large = bytes(range(256)) * (8 * 1024 * 4)
    store.append(events(RUN, 1, b"small", large, b"small"))
    assert stored(store) == [b"small", large, b"small"]


def test_runs_do_not_disturb_each_other(store: Store) -> None:
    """Versions are counted by run; positions are counted over all of them."""
    positions = [
        *store.append(events(RUN, 1, b"a")),
        *store.append(events(OTHER, 1, b"b")),
        *store.append(events(RUN, 2, b"c")),
    ]
    assert positions == sorted(set(positions))
    assert (stored(store, RUN), stored(store, OTHER)) == ([b"a", b"c"], [b"b"])
