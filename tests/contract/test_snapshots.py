"""What every store promises about snapshots: derived, disposable, at most one a run."""

import pytest

from flexes.ids import RunId
from flexes.store.port import NewEvent, Snapshot, Store

RUN = RunId("00000000-0000-4000-8000-000000000001")
OTHER = RunId("00000000-0000-4000-8000-000000000002")


def test_a_snapshot_is_read_back_as_it_was(store: Store) -> None:
    """Version, schema and bytes come back unchanged, 8 MB too; another run has none."""
    snapshot = Snapshot(RUN, 7, 1, b"\x00state" * 1_400_000)
    store.save_snapshot(snapshot)
    assert store.load_snapshot(RUN) == snapshot
    assert store.load_snapshot(OTHER) is None


@pytest.mark.parametrize(
    ("version", "schema", "replaced"),
    [(8, 1, True), (7, 1, False), (6, 1, False), (6, 2, True), (7, 0, True)],
)
def test_a_snapshot_only_moves_forward(store: Store, version: int, schema: int, replaced: bool) -> None:
    """A slow writer does not put an older snapshot back; another schema always replaces the kept one."""
    kept, new = Snapshot(RUN, 7, 1, b"kept"), Snapshot(RUN, version, schema, b"new")
    store.save_snapshot(kept)
    store.save_snapshot(new)
    assert store.load_snapshot(RUN) == (new if replaced else kept)


def test_a_snapshot_needs_no_events_and_makes_none(store: Store) -> None:
    """Snapshots stand beside the log: they use no version and no position."""
    store.save_snapshot(Snapshot(RUN, 3, 1, b"state"))
    assert store.last_position() == 0
    assert len(store.append([NewEvent(RUN, 1, "Happened", b"1")])) == 1
