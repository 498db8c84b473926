"""What `compress=on` promises beyond the other stores: fewer bytes of the same events, in the same log."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.transcripts.library import Told, told

from flexes.ids import RunId
from flexes.shell.verify import verify_run
from flexes.store.codec import decode
from flexes.store.digest import verify_chain
from flexes.store.port import BatchStore, NewEvent, Row
from flexes.store.urls import open_store

NAMES = ("built-in-campaign", "goto-backoff-retries", "hitl-edits-while-paused", "joined-replans")
Opened = Callable[[str], BatchStore]


@pytest.fixture(params=("sqlite", "postgresql"))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Return a way to open one database of each kind with these options."""
    sqlite = f"sqlite:///{tmp_path / 'flexes.db'}?synchronous=normal"
    url = sqlite if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    stores: list[BatchStore] = []

    def open_with(options: str) -> BatchStore:
        store = open_store(f"{url}&{options}" if options else url)
        assert isinstance(store, BatchStore)
        stores.append(store)
        return store

    yield open_with
    for store in stores:
        store.close()


def appended(run: Told) -> list[NewEvent]:
    """Return what the scenario's run appended."""
    return [NewEvent(*row[1:5]) for row in run.rows]


def size(rows: Sequence[Row]) -> int:
    """Return the stored bytes."""
    return sum(len(row.data) for row in rows)


@pytest.mark.parametrize("options", ["compress=on", "compress=on&coalesce=on"])
def test_a_compressed_run_is_the_same_run(opened: Opened, options: str) -> None:
    """A run in fewer bytes has the same events, an unbroken chain over the bytes as stored, and verifies."""
    store = opened(options)
    for run in map(told, NAMES):
        events = appended(run)
        store.append(events)
        rows = store.read(events[0].run_id)
        assert [decode(row) for row in rows] == run.events
        assert verify_chain(rows) is None
        assert verify_run(store, events[0].run_id).findings == ()
        assert size(rows) < size(run.rows) / 2


def test_a_batch_is_compressed_too(opened: Opened) -> None:
    """Runs that share a transaction are stored like those that do not."""
    store, runs = opened("compress=on"), [told(name) for name in NAMES]
    assert None not in store.append_batch([appended(run) for run in runs])
    rows = store.read_all(0, 10_000)
    assert [decode(row) for row in rows] == [event for run in runs for event in run.events]
    assert size(rows) < sum(size(run.rows) for run in runs) / 2


def test_the_option_may_change_at_any_time(opened: Opened) -> None:
    """A run begun with one form and continued with the other is read, chained and verified by stores of either."""
    events = appended(told("joined-replans"))
    opened("").append(events[:5])
    opened("compress=on").append(events[5:9])
    opened("").append(events[9:])
    for options in ("", "compress=on"):
        rows = opened(options).read(events[0].run_id)
        assert [decode(row) for row in rows] == told("joined-replans").events
        assert {row.data[:1] for row in rows} == {b"{", b"\x01"}
        assert verify_run(opened(options), events[0].run_id).findings == ()


def test_another_event_in_compressed_bytes_is_found(opened: Opened) -> None:
    """Verification decides again what is behind the bytes, however they are stored (semantics 10)."""
    store, events = opened("compress=on"), appended(told("joined-replans"))
    tampered = [event._replace(data=event.data.replace(b'"matched"', b'"skipped"')) for event in events]
    store.append(tampered)
    assert {found.check for found in verify_run(store, RunId(events[0].run_id)).findings} == {"decision"}
