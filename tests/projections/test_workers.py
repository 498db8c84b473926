"""Rows made by several processes: the same rows, one writer, nothing lost whoever is killed."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children

import pytest
from tests.projections.logs import copies, corpus
from tests.projections.places import Place, rows_seen
from tests.projections.test_rebuild import REBUILDER, building

from flexes.store.port import NewEvent
from flexes_projections.catalogue import ALL, BY_NAME
from flexes_projections.check import check
from flexes_projections.errors import ProjectionStopped, WorkerLost
from flexes_projections.filling import Progress, Workers
from flexes_projections.pace import BATCH_BYTES, FIRST_BATCH, Pace
from flexes_projections.rebuild import rebuild
from flexes_projections.run_list import rows_of
from flexes_projections.runner import Runner
from flexes_projections.shards import Shard


def helping(place: Place, count: int = 2) -> Workers:
    """Return workers that help with a log of any length."""
    return Workers(place.url, count, shared_from=1)


@pytest.mark.parametrize("count", [2, 3])
def test_shared_rows_are_the_same(durable: Place, count: int) -> None:
    """However many processes make them, the rows are those of one, down to the last event, and so says a check."""
    copies(durable.store, 700)
    Runner(durable.store, durable.database).catch_up()
    before = rows_seen(durable.database)
    told: list[Progress] = []
    read = rebuild(durable.store, durable.database, observer=told.append, workers=helping(durable, count))
    assert read == durable.store.last_position() == told[-1].position
    assert rows_seen(durable.database) == before
    assert all(found.equal for found in check(durable.store, durable.database, workers=helping(durable, count)))


def test_an_event_that_nobody_can_read_stops_a_shared_rebuild_too(durable: Place) -> None:
    """It stops where one process alone stops, says the same, and leaves the live rows."""
    copies(durable.store, 300)
    Runner(durable.store, durable.database).catch_up()
    before = rows_seen(durable.database)
    first = corpus()[0][0]
    durable.store.append([first, NewEvent(first.run_id, 2, "Unheard", b'{"schemaVersion":1}')])
    position = durable.store.last_position()
    with pytest.raises(
        ProjectionStopped, match=f"position {position}: UnreadableEvent: .* unknown event type 'Unheard'"
    ):
        rebuild(durable.store, durable.database, workers=helping(durable))
    assert rows_seen(durable.database) == before
    assert active_children() == []


def test_a_worker_that_was_killed_is_named(durable: Place) -> None:
    """The rebuild ends with what to do, readers keep what they had, and the next rebuild goes on."""
    copies(durable.store, 700)
    Runner(durable.store, durable.database).catch_up()
    before = rows_seen(durable.database)
    with pytest.raises(WorkerLost, match=r"ended with status -9.*rebuild again to go on"):
        rebuild(
            durable.store, durable.database, observer=lambda _: active_children()[0].kill(), workers=helping(durable)
        )
    assert rows_seen(durable.database) == before
    assert active_children() == []
    reached = building(durable)
    assert reached > 0
    assert rebuild(durable.store, durable.database) == durable.store.last_position() - reached
    assert rows_seen(durable.database) == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_the_rebuild(durable: Place, how: signal.Signals) -> None:
    """Killed or interrupted, a rebuild leaves no process behind, and no worker says a word."""
    copies(durable.store, 600)
    command = [sys.executable, str(REBUILDER), durable.url, "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while building(durable) < 40 and time.monotonic() < deadline:
        time.sleep(0.01)
    if how is signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does
    else:
        process.send_signal(how)
    _, said = process.communicate(timeout=60)  # ends when the last one that could write has ended
    assert said.count("Traceback") == (how is signal.SIGINT)
    assert "SpawnProcess" not in said
    reached = building(durable)
    assert 40 <= reached < durable.store.last_position()
    assert rebuild(durable.store, durable.database) == durable.store.last_position() - reached


def test_two_rebuilds_share_the_log_cleanly(durable: Place) -> None:
    """When somebody else moves the new rows on, a shared rebuild goes on alone from there."""
    copies(durable.store, 700)
    Runner(durable.store, durable.database).catch_up()
    before = rows_seen(durable.database)
    others = iter([Runner(durable.store, durable.another(), phase="building")])

    def observer(_: Progress) -> None:
        for other in others:
            other.step()

    rebuild(durable.store, durable.database, observer=observer, workers=helping(durable))
    assert rows_seen(durable.database) == before


def test_who_cannot_share_goes_alone(place: Place) -> None:
    """A log in memory, which no other process sees, and a projection that none knows by name, are rebuilt too."""
    copies(place.store, 60)
    unknown = BY_NAME["run_list"]._replace(rows_of=lambda fact: rows_of(fact))
    assert rebuild(place.store, place.database, (unknown,), workers=helping(place)) == place.store.last_position()
    if place.url == "memory://":
        assert rebuild(place.store, place.database, workers=helping(place)) == place.store.last_position()


def test_a_run_belongs_to_one_shard() -> None:
    """Whatever the number of shards, each run is in one, and none of many is empty; replaced rows are of one run."""
    runs = [run[0].run_id for run in corpus()]
    for count in (1, 2, 3, 7):
        owners = [[n for n in range(count) if Shard(n, count).has(run)] for run in runs]
        assert {len(owner) for owner in owners} == {1}
        assert len({owner[0] for owner in owners}) == count
    for table in [table for projection in ALL for table in projection.tables if not table.appends]:
        assert "run_id" in table.names[: table.key_size]


def test_a_batch_grows_to_what_memory_holds() -> None:
    """Batches double up to the most that was asked for, and shrink to their share of bytes, to one event at least."""
    pace = Pace(300)
    assert pace.limit == FIRST_BATCH
    pace.learn(100, 1)
    assert pace.limit == 200
    pace.learn(200, 1)
    assert pace.limit == 300
    pace.learn(300, 3 * BATCH_BYTES)
    assert pace.limit == 100
    pace.learn(100, 1_000 * BATCH_BYTES)
    assert pace.limit == 1
