"""The batch runner: races, poison, refused rows, batches that fit in memory, lag."""

import logging
from collections.abc import Iterator, Sequence
from functools import partial

import pytest
from tests.projections.logs import copies, corpus
from tests.projections.places import Place, live, rows_seen

from flexes.ids import RunId
from flexes.run.events import RunStarted
from flexes.run.evolve import evolve
from flexes.store.codec import decode
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent, Row
from flexes_projections import pace, registry
from flexes_projections.batch import Lost
from flexes_projections.beginning import begun
from flexes_projections.catalogue import ALL, BY_NAME
from flexes_projections.folding import Folding
from flexes_projections.run_list import RUNS, rows_of
from flexes_projections.runner import Runner, lag
from flexes_projections.table import Fact, Later, Projection, Table, made
from flexes_projections.table import Row as Cells

POISON = 7
LIST = BY_NAME["run_list"]
OTHERS = tuple(projection for projection in ALL if projection is not LIST)


def poisoned(fact: Fact) -> Iterator[tuple[Table, Cells | Later]]:
    """Fail on one event, after some of its rows."""
    yield from rows_of(fact)
    if fact.position == POISON:
        raise ValueError("cannot be projected")


def misshapen(fact: Fact) -> Iterator[tuple[Table, Cells | Later]]:
    """Yield a row without its key."""
    for table, row in rows_of(fact):
        yield table, (None, *made(row)[1:]) if fact.position == POISON else row


def test_a_runner_that_comes_second_loses_and_goes_on(place: Place) -> None:
    """Nothing of a lost batch is written, and the loser goes on from where the winner is."""
    copies(place.store, 60)
    slow = Runner(place.store, place.database, batch=10)
    slow.targets()
    Runner(place.store, place.another(), batch=10).step()
    assert slow.step() == 10
    assert live(place.database, "run_list").position == 10
    slow.catch_up()
    assert live(place.database, "run_list").position == place.store.last_position()


def test_losing_is_seen_at_the_position(place: Place) -> None:
    """A position moves only from where it was found."""
    Runner(place.store, place.database).step()
    stale = live(place.database, "run_list")._replace(position=5)
    assert place.database.write(lambda session: registry.advance(session, stale, 6)) is False
    assert issubclass(Lost, Exception)


def test_poison_stops_one_projection_loudly(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """The projection keeps what came before, says which event and why; all others go on."""
    copies(place.store, 60)
    projections = (LIST._replace(rows_of=poisoned), *OTHERS)
    with caplog.at_level(logging.ERROR):
        Runner(place.store, place.database, projections, batch=20).catch_up()
    stopped, *others = lag(place.store, place.database, projections)
    assert (stopped.position, stopped.error) == (POISON - 1, "ValueError: cannot be projected")
    assert stopped.behind == place.store.last_position() - stopped.position
    assert [(each.behind, each.error) for each in others] == [(0, None)] * len(OTHERS)
    assert "run_list@1 stopped at position 7: ValueError: cannot be projected" in caplog.text


def test_a_stopped_projection_goes_on_when_told(place: Place) -> None:
    """After a release that can take the event, nothing is missing and nothing is there twice."""
    copies(place.store, 60)
    Runner(place.store, place.database, (LIST._replace(rows_of=poisoned),)).catch_up()
    Runner(place.store, place.database, (LIST,)).catch_up()
    assert live(place.database, "run_list").position == POISON - 1
    place.database.write(lambda session: registry.retry(session, "run_list"))
    Runner(place.store, place.database, (LIST,)).catch_up()
    found = rows_seen(place.database, (LIST,))
    assert live(place.database, "run_list").position == place.store.last_position()
    assert {row[-1] for row in found["run_list"]} == _last_positions(place)


def test_rows_that_the_database_refuses_stop_one_projection(place: Place) -> None:
    """A batch of rows that cannot be stored is undone for its projection alone."""
    copies(place.store, 60)
    projections = (LIST._replace(rows_of=misshapen), *OTHERS)
    Runner(place.store, place.database, projections, batch=20).catch_up()
    stopped, *others = lag(place.store, place.database, projections)
    assert stopped.position == 0
    assert stopped.error is not None
    assert stopped.error.startswith("RowsRefused: ")
    assert [each.behind for each in others] == [0] * len(OTHERS)
    assert rows_seen(place.database, (LIST,)) == {"run_list": []}


def test_an_event_that_nobody_can_read_stops_all(place: Place) -> None:
    """A type of a later release is not skipped: projections stand before it, and say so."""
    place.store.append(corpus()[0][:3])
    place.store.append([NewEvent(corpus()[0][0].run_id, 4, "Unheard", b'{"schemaVersion":1}')])
    Runner(place.store, place.database).catch_up()
    for each in lag(place.store, place.database):
        assert each.position == 3
        assert each.error is not None
        assert "unknown event type 'Unheard'" in each.error


def test_text_with_nul_is_stored(place: Place) -> None:
    """A NUL in a text, which PostgreSQL does not keep, stops nothing."""
    run = [event._replace(data=event.data.replace(b'"objective":"', b'"objective":"\\u0000')) for event in corpus()[0]]
    place.store.append(run)
    Runner(place.store, place.database).catch_up()
    assert {each.error for each in lag(place.store, place.database)} == {None}


def test_lag_is_known_before_the_first_build(place: Place) -> None:
    """A projection that was never built is as far behind as the log is long."""
    copies(place.store, 20)
    last = place.store.last_position()
    assert {(each.built, each.behind) for each in lag(place.store, place.database)} == {(None, last)}


def test_another_version_waits_for_a_rebuild(place: Place) -> None:
    """A runner never writes rows of one version into the tables of another."""
    copies(place.store, 20)
    Runner(place.store, place.database, (LIST,)).catch_up()
    newer = (LIST._replace(version=2),)
    place.store.append(corpus()[-1])
    assert Runner(place.store, place.database, newer).catch_up() == 0
    [found] = lag(place.store, place.database, newer)
    assert found.error == "built as version 1: run `flexes rebuild run_list`"
    assert found.behind == len(corpus()[-1])


class Counting(MemoryStore):
    """A store that remembers how much was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[int] = []

    def read_all(self, after: int, limit: int) -> Sequence[Row]:
        """See `EventStore.read_all`."""
        self.limits.append(limit)
        return super().read_all(after, limit)


def test_batches_shrink_to_what_memory_holds(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large events come in small batches, whatever the number that was asked for."""
    store = Counting()
    copies(store, 200)
    monkeypatch.setattr(pace, "BATCH_BYTES", 5_000)
    Runner(store, place.database, batch=100).catch_up()
    assert store.limits[0] == 100
    assert max(store.limits[1:]) < 50


def test_states_that_were_let_go_are_folded_again() -> None:
    """With room for one run only, interleaved runs give the same facts."""
    store = MemoryStore()
    runs = [list(run) for run in corpus()[:4]]
    for place in range(max(map(len, runs))):
        for run in runs:
            store.append(run[place : place + 1])
    rows = store.read_all(0, 1_000)
    roomy, cramped = Folding(store), Folding(store, max_runs=1)
    assert [cramped.fact(row).step for row in rows] == [roomy.fact(row).step for row in rows]


def test_a_run_begins_as_the_fold_says() -> None:
    """A first event whose documents were parsed for another run gives the same state."""
    for run in corpus():
        first = decode(Row(1, *run[0], b""))
        assert isinstance(first, RunStarted)
        for _ in range(2):
            assert begun(first) == evolve(None, first)
        assert isinstance(first.context, dict)


def test_every_projection_has_a_key_a_run_and_a_version() -> None:
    """The rules of `table` hold for each declared table."""
    tables = [table for projection in ALL for table in projection.tables]
    assert len({table.name for table in tables}) == len(tables)
    for table in tables:
        assert "run_id" in table.names
        assert 0 < table.key_size < len(table.columns)
        assert all(set(index) <= set(table.names) for index in table.indexes)
    assert [str(projection) for projection in ALL] == [f"{projection.name}@1" for projection in ALL]
    assert isinstance(LIST, Projection)
    assert RUNS in LIST.tables


def test_a_projection_makes_rows_of_its_kinds_only(place: Place) -> None:
    """An event of another kind, which it is not asked about, would have no row."""
    copies(place.store, 3_000)
    folding = Folding(place.store)
    facts = [folding.fact(row) for row in place.store.read_all(0, 3_000)]
    for projection in ALL:
        others = [fact for fact in facts if projection.kinds is not None and fact.event.kind not in projection.kinds]
        assert [row for fact in others for row in projection.rows_of(fact)] == []


def test_a_row_that_is_replaced_in_its_batch_is_never_made(place: Place) -> None:
    """Of the events of a run in a batch, only the last has its row looked up; rows have the keys that were said."""
    made_rows: list[Cells] = []

    def kept(row: Later) -> Cells:
        made_rows.append(made(row))
        return made_rows[-1]

    def watched(fact: Fact) -> Iterator[tuple[Table, Later]]:
        for table, row in rows_of(fact):
            yield table, Later(row.key, partial(kept, row))

    place.store.append(corpus()[0])
    Runner(place.store, place.database, (LIST._replace(rows_of=watched),)).catch_up()
    assert len(made_rows) == 1
    assert rows_seen(place.database, (LIST,)) == {"run_list": made_rows}


def _last_positions(place: Place) -> set[int]:
    last: dict[RunId, int] = {row.run_id: row.position for row in place.store.read_all(0, 100_000)}
    return set(last.values())
