"""`flexes audit` from the index: the rows of the events, whatever the index has, lacks, or is of."""

from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.projections.logs import FILTERS, chunks, copies, corpus
from tests.projections.places import Place, live, memory_place

from flexes.cli.audit import answer
from flexes.cli.main import run_command
from flexes.ids import derived_run_id
from flexes.store.memory import MemoryStore
from flexes.store.port import EventStore
from flexes.store.urls import open_store
from flexes.view.audit import AuditRow
from flexes.view.audit_filter import AuditFilter
from flexes_projections import registry
from flexes_projections.audit_index import pages_of
from flexes_projections.audit_log import AUDIT_LOG, ROWS
from flexes_projections.ddl import table_name
from flexes_projections.opening import open_database
from flexes_projections.rebuild import rebuild
from flexes_projections.runner import Runner

FORMATS = ("table", "json", "csv")


def indexed(place: Place, wanted: AuditFilter, log: EventStore | None = None) -> list[AuditRow]:
    """Return the answer with the help of the index."""
    store: Any = log or place.store
    return list(answer(store, wanted, pages_of(store, place.database, wanted)))


def scanned(place: Place, wanted: AuditFilter) -> list[AuditRow]:
    """Return the answer from the events alone."""
    return list(answer(place.store, wanted))


def from_index(place: Place, wanted: AuditFilter) -> int:
    """Return up to which position the index answers."""
    return max((page.upto for page in pages_of(place.store, place.database, wanted)), default=0)


def questions(rows: list[AuditRow], random: Random) -> list[AuditFilter]:
    """Return questions with values that some row has."""
    found = [AuditFilter(), AuditFilter(policy="nobody")]
    for count in (1, 2, 3, 4):
        row = random.choice(rows)
        given = {field: getattr(row, FILTERS[field]) for field in random.sample(sorted(FILTERS), count)}
        found.append(AuditFilter.model_validate({field: value for field, value in given.items() if value is not None}))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_index_answers_as_the_events_do(place: Place, seed: int) -> None:
    """Built or not, caught up or behind anywhere in any run: the same rows, in the same order."""
    random = Random(seed)
    for chunk in chunks(random, 6):
        place.store.append(chunk)
    every = scanned(place, AuditFilter())
    runner = Runner(place.store, place.database, (AUDIT_LOG,), batch=random.randint(10, 40))
    while True:
        assert indexed(place, AuditFilter()) == every
        for wanted in questions(every, random):
            assert indexed(place, wanted) == [row for row in every if wanted.matches(row)]
        if not runner.step():
            break
    assert from_index(place, AuditFilter()) == place.store.last_position()


def test_an_index_that_stopped_gives_what_it_has(place: Place) -> None:
    """Rows before the event that stopped it are right; later ones come from the events."""

    def poisoned(fact: Any) -> Any:
        if fact.position == 9:
            raise ValueError("cannot be projected")
        return AUDIT_LOG.rows_of(fact)

    copies(place.store, 60)
    Runner(place.store, place.database, (AUDIT_LOG._replace(rows_of=poisoned),)).catch_up()
    assert from_index(place, AuditFilter()) == 8
    assert indexed(place, AuditFilter()) == scanned(place, AuditFilter())


def test_an_index_of_another_version_is_not_asked(place: Place) -> None:
    """Its columns may mean something else."""
    copies(place.store, 40)
    Runner(place.store, place.database, (AUDIT_LOG._replace(version=AUDIT_LOG.version + 1),)).catch_up()
    assert from_index(place, AuditFilter()) == 0
    assert indexed(place, AuditFilter()) == scanned(place, AuditFilter())


@pytest.mark.parametrize("kept", [3, 40])
def test_an_index_of_another_log_is_not_asked(place: Place, kept: int) -> None:
    """After a backup was restored, and runs went on otherwise, an index that stayed has rows of no event."""
    copies(place.store, 60)
    Runner(place.store, place.database, (AUDIT_LOG,)).catch_up()
    restored = MemoryStore()
    for number, run in enumerate(corpus()[:kept]):
        restored.append([event._replace(run_id=derived_run_id(f"other {number}")) for event in run])
    other = place._replace(store=restored)
    assert from_index(other, AuditFilter()) == 0
    assert indexed(other, AuditFilter()) == scanned(other, AuditFilter())


def test_an_answer_is_whole_though_the_index_is_rebuilt_meanwhile(place: Place, monkeypatch: Any) -> None:
    """Between two pages the tables change and the log grows; no row is missing and none comes twice."""
    monkeypatch.setattr("flexes_projections.audit_query._PAGE", 7)
    copies(place.store, 100)
    Runner(place.store, place.database, (AUDIT_LOG,)).catch_up()
    every = answer(place.store, AuditFilter(), pages_of(place.store, place.database, AuditFilter()))
    found = [next(every) for _ in range(20)]
    place.store.append(corpus()[-1])
    rebuild(place.store, place.database, (AUDIT_LOG,))
    assert [*found, *every] == scanned(place, AuditFilter())


def test_an_answer_is_whole_though_the_index_goes_away(
    place: Place, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left of the answer comes from the events, and a warning says so."""
    monkeypatch.setattr("flexes_projections.audit_query._PAGE", 7)
    copies(place.store, 100)
    Runner(place.store, place.database, (AUDIT_LOG,)).catch_up()
    every = answer(place.store, AuditFilter(), pages_of(place.store, place.database, AuditFilter()))
    found = [next(every) for _ in range(20)]
    name = table_name(ROWS, live(place.database, "audit_log").generation)
    place.database.write(lambda session: [session.execute(each) for each in _gone(name)])
    assert [*found, *every] == scanned(place, AuditFilter())
    assert "warning: the audit_log projection is left" in capsys.readouterr().err


def test_a_page_holds_events_whole(place: Place, monkeypatch: Any) -> None:
    """Also where one event has more rows than a page."""
    monkeypatch.setattr("flexes_projections.audit_query._PAGE", 1)
    copies(place.store, 60)
    Runner(place.store, place.database, (AUDIT_LOG,)).catch_up()
    found = list(pages_of(place.store, place.database, AuditFilter()))
    assert [row for page in found for row in page.rows] == scanned(place, AuditFilter())
    assert all(page.rows[-1].position <= page.upto for page in found if page.rows)
    assert [page.upto for page in found] == sorted({page.upto for page in found})


def test_text_that_a_database_does_not_keep_comes_from_the_events(place: Place) -> None:
    """A NUL, which PostgreSQL replaces, is in the answer, and finds and hides no row."""
    run = [event._replace(data=event.data.replace(b'"actor":"', b'"actor":"\\u0000\\ufffd')) for event in corpus()[0]]
    run = [event._replace(data=event.data.replace(b'"objective":"', b'"objective":"\\u0000')) for event in run]
    place.store.append(run)
    Runner(place.store, place.database, (AUDIT_LOG,)).catch_up()
    found = indexed(place, AuditFilter())
    assert found == scanned(place, AuditFilter())
    assert any("\0" in row.summary for row in found)
    assert from_index(place, AuditFilter()) == len(run)


def test_asking_writes_nothing(place: Place) -> None:
    """Without projections the database is as it was: a reader may have no right to write."""
    copies(place.store, 20)
    assert from_index(place, AuditFilter()) == 0
    assert not place.database.read(lambda session: registry.is_there(session, place.database))


def test_the_command_answers_from_the_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before and after the index is built, elsewhere or in the store, each format prints the same."""
    url, elsewhere = f"sqlite:///{tmp_path / 'flexes.db'}", f"sqlite:///{tmp_path / 'projections.db'}"
    with closing(open_store(url)) as store:
        copies(store, 200)
        before = [_printed(capsys, url, "--format", each) for each in FORMATS]
        for place in (elsewhere, url):
            with closing(open_database(place)) as database:
                rebuild(store, database)
            told = ("--projections", place)
            assert [_printed(capsys, url, "--format", each, *told) for each in FORMATS] == before
            assert _printed(capsys, url, "--json", "--policy", "nobody", *told) == ""
        store.append(corpus()[-1])
    scanned = _printed(capsys, url, "--json", "--projections", f"sqlite:///{tmp_path / 'none.db'}")
    assert _printed(capsys, url, "--json") == scanned
    assert not (tmp_path / "none.db").exists()


def test_the_index_is_offered_to_flexes() -> None:
    """The entry point that `flexes audit` looks for is the one that this package has."""
    from flexes.cli.projections import offered
    from flexes_projections.audit_index import indexed_audit

    entry = offered("audit")
    assert entry is not None
    assert entry.load() is indexed_audit
    with memory_place() as place:
        assert list(indexed_audit(place.store, "memory://", AuditFilter())) == []


def _gone(name: str) -> list[str]:
    return ["DROP VIEW flexes_audit_log", f"DROP TABLE {name}"]


def _printed(capsys: pytest.CaptureFixture[str], url: str, *arguments: str) -> str:
    assert run_command(["audit", "--store", url, *arguments]) == 0
    return capsys.readouterr().out
