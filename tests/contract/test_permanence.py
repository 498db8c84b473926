"""What every durable store promises about time: events stay, are never changed, and a change shows."""

from collections.abc import Callable
from contextlib import closing

import pytest
from tests.contract.six_events import OTHER, RUN, store_six

from flexes.store.digest import next_digest, verify_chain
from flexes.store.port import NewEvent, Snapshot, Store
from flexes.store.urls import open_store

Raw = Callable[[str], None]


@pytest.fixture(autouse=True)
def six_events(durable: Store) -> None:
    """Store five events of one run, and one of another in their midst."""
    store_six(durable)


def change(version: int, assignments: str) -> str:
    """Return the SQL that changes one event of the run."""
    return f"UPDATE stored_events SET {assignments} {where(version)}"


def drop(version: int) -> str:
    """Return the SQL that removes one event of the run."""
    return f"DELETE FROM stored_events {where(version)}"


def renumber(*moves: tuple[int, int]) -> list[str]:
    """Return the SQL that gives events of the run other versions."""
    return [change(version, f"originator_version = {to}") for version, to in moves]


def where(version: int) -> str:
    """Return the SQL that selects one event of the run."""
    return f"WHERE originator_id = '{RUN}' AND originator_version = {version}"


def test_events_and_snapshots_outlive_the_store_object(durable: Store, durable_url: str) -> None:
    """What was stored is there when the store is opened again, and versions and positions go on."""
    before = durable.read_all(0, 100)
    durable.save_snapshot(Snapshot(RUN, 5, 1, b"state"))
    durable.close()
    with closing(open_store(durable_url)) as again:
        assert again.read_all(0, 100) == before
        assert again.load_snapshot(RUN) == Snapshot(RUN, 5, 1, b"state")
        assert again.append([NewEvent(RUN, 6, "Happened", b"6")])[0] > before[-1].position


@pytest.mark.parametrize(
    ("statement", "why"), [(change(2, "topic = 'Other'"), "never changed"), (drop(5), "never removed")]
)
def test_the_database_refuses_to_change_events(durable: Store, raw: Raw, statement: str, why: str) -> None:
    """Events are insert-only for everybody: the database itself refuses UPDATE and DELETE."""
    before = durable.read_all(0, 100)
    with pytest.raises(Exception, match=why):
        raw(statement)
    assert durable.read_all(0, 100) == before


@pytest.mark.parametrize(
    ("tampering", "version", "why"),
    [
        ([change(3, "topic = 'Other'")], 3, "was changed"),
        ([change(1, "state = digest")], 1, "was changed"),
        ([drop(1)], 1, "is missing: 0 is followed by 2"),
        ([drop(3)], 3, "is missing: 2 is followed by 4"),
        ([drop(2), drop(3)], 2, "is missing: 1 is followed by 4"),
        (renumber((2, 99), (3, 2), (99, 3)), 2, "was changed"),
        ([drop(2), *renumber((3, 2), (4, 3), (5, 4))], 2, "was changed"),
        ([f"UPDATE stored_events SET originator_id = '{RUN}', originator_version = 6"
          f" WHERE originator_id = '{OTHER}'"], 6, "was moved"),
    ],
    ids=["edit-type", "edit-bytes", "drop-first", "drop", "drop-two", "reorder", "close-the-gap", "graft"],
)  # fmt: skip
def test_tampering_shows(durable: Store, unprotected: Raw, tampering: list[str], version: int, why: str) -> None:
    """Editing, dropping or reordering events past the triggers breaks the chain; the first break is named."""
    for statement in tampering:
        unprotected(statement)
    found = verify_chain(durable.read(RUN))
    assert found is not None
    assert found.version == version
    assert found.why.startswith(why)
    assert verify_chain(durable.read(OTHER)) is None


def test_a_forged_digest_shows_at_the_next_event(
    durable: Store, unprotected: Raw, hex_literal: Callable[[bytes], str]
) -> None:
    """Computing the digest of an edited event anew only moves the break to the event after it."""
    forged = next_digest(durable.read(RUN)[1].digest, RUN, 3, "Happened", b"forged")
    unprotected(change(3, f"state = {hex_literal(b'forged')}, digest = {hex_literal(forged)}"))
    found = verify_chain(durable.read(RUN))
    assert found is not None
    assert found.version == 4


def test_a_position_is_never_used_again(durable: Store, unprotected: Raw) -> None:
    """Even when the last events are removed, no later event gets their positions."""
    last = durable.last_position()
    for version in (4, 5):
        unprotected(drop(version))
    assert durable.append([NewEvent(RUN, 4, "Happened", b"4")])[0] > last
