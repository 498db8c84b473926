"""What every store promises about reading."""

from uuid import uuid4

import pytest

from flexes.errors import StoreUnavailable
from flexes.ids import RunId
from flexes.store.digest import verify_chain
from flexes.store.port import Head, NewEvent, Store

RUNS = tuple(RunId(f"00000000-0000-4000-8000-00000000000{number}") for number in range(3))


@pytest.fixture
def log(store: Store) -> list[tuple[RunId, int]]:
    """Fill the store with three runs whose events alternate; return run and version in the order appended."""
    order = [(run_id, version) for version in range(1, 5) for run_id in RUNS]
    for run_id, version in order:
        store.append([NewEvent(run_id, version, f"Type{version}", f"{run_id}:{version}".encode())])
    return order


@pytest.mark.usefixtures("log")
def test_a_run_is_read_in_version_order(store: Store) -> None:
    """Reading a run returns its events alone, in version order, with an intact digest chain."""
    rows = store.read(RUNS[1])
    assert [(row.run_id, row.version, row.type) for row in rows] == [(RUNS[1], n, f"Type{n}") for n in (1, 2, 3, 4)]
    assert verify_chain(rows) is None


@pytest.mark.parametrize(
    ("after", "upto", "expected"),
    [
        (0, None, [1, 2, 3, 4]),
        (2, None, [3, 4]),
        (1, 3, [2, 3]),
        (4, None, []),
        (0, 9, [1, 2, 3, 4]),
        (2, 1, []),
    ],
)
@pytest.mark.usefixtures("log")
def test_a_part_of_a_run(store: Store, after: int, upto: int | None, expected: list[int]) -> None:
    """`after` is exclusive, `upto` inclusive."""
    assert [row.version for row in store.read(RUNS[0], after, upto)] == expected


@pytest.mark.parametrize("number", [10**30, -(10**30)])
def test_numbers_beyond_64_bits_name_nothing(store: Store, log: list[tuple[RunId, int]], number: int) -> None:
    """Versions and positions that no event can have lie beyond the last or before the first, and are no fault."""
    everything = len(log) if number < 0 else 0
    assert len(store.read_all(number, 100)) == everything
    assert len(store.read(RUNS[0], number)) == (4 if number < 0 else 0)
    assert len(store.read(RUNS[0], 0, number)) == (0 if number < 0 else 4)
    assert len(store.heads(100, number)) == (0 if number < 0 else len(RUNS))


def test_an_unknown_run_is_empty(store: Store) -> None:
    """A run that nobody started has no events and no snapshot."""
    unknown = RunId(str(uuid4()))
    assert list(store.read(unknown)) == []
    assert store.load_snapshot(unknown) is None


def test_the_log_is_in_the_order_of_commits(store: Store, log: list[tuple[RunId, int]]) -> None:
    """The log of all runs is in the order in which events were appended, its positions growing."""
    rows = store.read_all(0, 100)
    assert [(row.run_id, row.version) for row in rows] == log
    assert [row.position for row in rows] == sorted({row.position for row in rows})
    assert store.last_position() == rows[-1].position


@pytest.mark.parametrize("limit", [1, 5, 100])
def test_the_log_in_pages_is_the_log(store: Store, log: list[tuple[RunId, int]], limit: int) -> None:
    """Reading on from the last position of each page yields every event once."""
    seen: list[tuple[RunId, int]] = []
    after = 0
    while rows := store.read_all(after, limit):
        assert len(rows) <= limit
        seen += [(row.run_id, row.version) for row in rows]
        after = rows[-1].position
    assert seen == log


def test_a_row_of_the_log_is_the_row_of_its_run(store: Store, log: list[tuple[RunId, int]]) -> None:
    """Both ways of reading return the same rows."""
    assert {row for row in store.read_all(0, len(log))} == {row for run_id in RUNS for row in store.read(run_id)}


@pytest.mark.usefixtures("log")
def test_runs_are_listed_newest_first(store: Store) -> None:
    """The heads name each run once, the one started last first, whichever had the last event."""
    store.append([NewEvent(RUNS[0], 5, "Type5", b"5")])
    heads = store.heads()
    first = [store.read(run_id, upto=1)[0].position for run_id in RUNS]
    assert heads == [Head(RUNS[2], 4, first[2]), Head(RUNS[1], 4, first[1]), Head(RUNS[0], 5, first[0])]


@pytest.mark.usefixtures("log")
def test_runs_in_pages(store: Store) -> None:
    """A page of heads goes on before the position of the last head of the page before."""
    page = store.heads(limit=2)
    assert [head.run_id for head in page] == [RUNS[2], RUNS[1]]
    assert [head.run_id for head in store.heads(limit=2, before=page[-1].position)] == [RUNS[0]]


def test_an_empty_store(store: Store) -> None:
    """A new store has no events, no runs and the last position 0."""
    assert (list(store.read_all(0, 10)), list(store.heads()), store.last_position()) == ([], [], 0)


def test_a_closed_store_says_so(store: Store) -> None:
    """Closing twice is allowed; any use afterwards is `StoreUnavailable`."""
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.read_all(0, 1)
    with pytest.raises(StoreUnavailable, match="closed"):
        store.append([NewEvent(RUNS[0], 1, "Type1", b"1")])
