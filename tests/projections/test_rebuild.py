"""Rebuilding: no gap for readers, resumed after a kill, one run alone, versions, and the proof that rows are equal."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.projections.logs import copies, corpus
from tests.projections.places import Place, live, rows_seen

from flexes.errors import RunNotFound
from flexes.ids import RunId
from flexes_projections import registry
from flexes_projections.catalogue import ALL, BY_NAME
from flexes_projections.check import check
from flexes_projections.ddl import table_name, view_name
from flexes_projections.errors import NotBuilt, ProjectionStopped
from flexes_projections.one_run import rebuild_run
from flexes_projections.rebuild import begin, rebuild
from flexes_projections.run_list import RUNS, rows_of
from flexes_projections.runner import Runner, lag
from flexes_projections.table import Fact, Later, Projection, Row, Table, columns, made

LIST = BY_NAME["run_list"]
COUNTS = "SELECT count(*) FROM flexes_frames UNION ALL SELECT count(*) FROM flexes_run_list"
REBUILDER = Path(__file__).parent / "rebuilder.py"


def test_readers_see_no_gap(durable: Place) -> None:
    """While projections are rebuilt and the log grows, a reader never finds fewer rows, or none, or an error."""
    copies(durable.store, 400)
    Runner(durable.store, durable.database).catch_up()
    reading, over = durable.another(), Event()
    seen: list[int] = []
    failed: list[BaseException] = []

    def read() -> None:
        try:
            while not over.is_set():
                seen.append(sum(found for (found,) in reading.read(lambda session: session.select(COUNTS))))
        except BaseException as error:
            failed.append(error)

    reader = Thread(target=read)
    reader.start()
    for run in corpus()[:3]:
        durable.store.append(run)
        Runner(durable.store, durable.another()).catch_up()
        rebuild(durable.store, durable.database, batch=200)
    over.set()
    reader.join()
    assert failed == []
    assert seen == sorted(seen)
    assert seen[0] > 0


def test_a_rebuild_that_was_killed_goes_on(durable: Place) -> None:
    """After SIGKILL at any moment the next rebuild goes on from the last batch, and ends with the same rows."""
    copies(durable.store, 600)
    Runner(durable.store, durable.database).catch_up()
    before = rows_seen(durable.database)
    process = subprocess.Popen([sys.executable, str(REBUILDER), durable.url, "1"])
    deadline = time.monotonic() + 60
    while (reached := building(durable)) < 40 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    reached = building(durable)
    assert 40 <= reached < durable.store.last_position()
    assert rows_seen(durable.database) == before
    assert rebuild(durable.store, durable.database) == durable.store.last_position() - reached
    assert rows_seen(durable.database) == before


def test_a_flip_waits_until_it_is_no_step_back(place: Place) -> None:
    """Rows that readers saw are there after the flip too, also those of events that came during the rebuild."""
    copies(place.store, 40)
    Runner(place.store, place.database).catch_up()
    added = iter(corpus()[-2:])

    def observer(_: object) -> None:
        for run in added:
            place.store.append(run)
            Runner(place.store, place.database).catch_up()

    rebuild(place.store, place.database, observer=observer, batch=10)
    assert {each.behind for each in lag(place.store, place.database)} == {0}


def test_only_the_named_ones_are_rebuilt(place: Place) -> None:
    """Another projection keeps its generation; what was replaced is dropped."""
    copies(place.store, 40)
    Runner(place.store, place.database).catch_up()
    rebuild(place.store, place.database, (LIST,))
    found = place.database.read(registry.generations)
    assert {each.name: each.generation for each in found} == {p.name: 1 + (p is LIST) for p in ALL}
    assert {each.phase for each in found} == {"live"}


def test_a_new_version_is_built_beside_the_old_one(place: Place) -> None:
    """A version with other columns takes the view over in the flip, and its runner goes on from there."""
    table = Table("run_list", (*RUNS.columns, *columns("length:integer")), key=1)

    def longer(fact: Fact) -> Iterator[tuple[Table, Row]]:
        for _, row in rows_of(fact):
            yield table, (*made(row), fact.event.version)

    newer = Projection("run_list", 2, (table,), longer)
    copies(place.store, 40)
    Runner(place.store, place.database, (LIST,)).catch_up()
    rebuild(place.store, place.database, (newer,))
    place.store.append(corpus()[-1])
    Runner(place.store, place.database, (newer,)).catch_up()
    rows = rows_seen(place.database, (newer,))["run_list"]
    assert all(row[-1] == row[-3] for row in rows)
    assert live(place.database, "run_list").version == 2


def test_a_rebuild_that_meets_poison_leaves_the_live_rows(place: Place) -> None:
    """Readers keep what they had; the next rebuild begins anew."""

    def poisoned(fact: Fact) -> Iterator[tuple[Table, Row | Later]]:
        yield from rows_of(fact)
        if fact.position == 9:
            raise ValueError("cannot be projected")

    copies(place.store, 40)
    Runner(place.store, place.database).catch_up()
    before = rows_seen(place.database)
    with pytest.raises(ProjectionStopped, match="position 9: ValueError: cannot be projected"):
        rebuild(place.store, place.database, (LIST._replace(rows_of=poisoned),))
    assert rows_seen(place.database) == before
    rebuild(place.store, place.database)
    assert rows_seen(place.database) == before


def test_one_run_is_rebuilt_alone(place: Place) -> None:
    """The rows of the run are made anew, those of other runs are not touched, however wrong they are."""
    copies(place.store, 80)
    Runner(place.store, place.database).catch_up()
    right = rows_seen(place.database, (LIST,))["run_list"]
    _tamper(place, "status = 'wrong'")
    run_id = RunId(str(right[0][0]))
    rebuild_run(place.store, place.database, run_id)
    rows = {row[0]: row[1] for row in rows_seen(place.database, (LIST,))["run_list"]}
    assert rows.pop(run_id) == right[0][1]
    assert set(rows.values()) == {"wrong"}


def test_one_run_is_rebuilt_up_to_where_the_projection_is(place: Place) -> None:
    """Events that the runner has still to take are left to it, so that no row comes twice."""
    run = corpus()[0]
    place.store.append(run[:4])
    Runner(place.store, place.database).catch_up()
    place.store.append(run[4:])
    rebuild_run(place.store, place.database, run[0].run_id)
    assert {each.behind for each in lag(place.store, place.database)} == {len(run) - 4}
    Runner(place.store, place.database).catch_up()
    assert all(checked.equal for checked in check(place.store, place.database))


def test_one_run_that_is_not_there_is_refused(place: Place) -> None:
    """Nothing is rebuilt for a run that the log does not have, or in a projection that was never built."""
    with pytest.raises(RunNotFound):
        rebuild_run(place.store, place.database, RunId("nobody"))
    place.store.append(corpus()[0])
    with pytest.raises(NotBuilt):
        rebuild_run(place.store, place.database, corpus()[0][0].run_id)


def test_a_check_finds_a_row_that_was_changed(place: Place) -> None:
    """Any cell that is not what the log makes shows, at its projection and at no other; a rebuild mends it."""
    copies(place.store, 80)
    Runner(place.store, place.database).catch_up()
    _tamper(place, "cost_total = cost_total + 1")
    assert [each.projection for each in check(place.store, place.database) if not each.equal] == ["run_list@1"]
    rebuild(place.store, place.database, (LIST,))
    assert all(each.equal for each in check(place.store, place.database))


def test_a_check_compares_up_to_where_the_live_rows_are(place: Place) -> None:
    """Live rows that lag behind the log are equal to those made up to the same event."""
    copies(place.store, 40)
    Runner(place.store, place.database, batch=10).step()
    assert {(each.position, each.equal) for each in check(place.store, place.database, batch=3)} == {(10, True)}


def test_a_check_without_live_rows_says_so(place: Place) -> None:
    """What was never built is not equal to anything."""
    assert {each.why for each in check(place.store, place.database)} == {"it was built never: run `flexes rebuild`"}


def test_a_check_drops_what_it_made(place: Place) -> None:
    """Also when an earlier check was killed."""
    copies(place.store, 20)
    Runner(place.store, place.database).catch_up()
    begin(place.database, ALL, "checking")
    check(place.store, place.database)
    assert {each.phase for each in place.database.read(registry.generations)} == {"live"}


def test_an_empty_log_is_rebuilt_to_empty_tables(place: Place) -> None:
    """Readers find tables, without rows."""
    assert rebuild(place.store, place.database) == 0
    assert {table for rows in rows_seen(place.database).values() for table in rows} == set()
    assert view_name(RUNS) == "flexes_run_list"


def building(place: Place) -> int:
    """Return how far the rows have come that are being built; 0 where there are none."""
    try:
        found = place.database.read(registry.generations)
    except Exception:
        return 0
    return min((each.position for each in found if each.phase == "building"), default=0)


def _tamper(place: Place, change: str) -> None:
    name = table_name(RUNS, live(place.database, "run_list").generation)
    place.database.write(lambda session: session.execute(f"UPDATE {name} SET {change}"))
