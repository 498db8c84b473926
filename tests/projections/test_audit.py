"""Questions to the audit log: every filter, alone and together, answers as the filter of the view does."""

from random import Random

import pytest
from tests.projections.logs import FILTERS, copies, corpus
from tests.projections.places import Place

from flexes.view.audit import AuditRow, rows_of_step
from flexes.view.audit_filter import AuditFilter
from flexes_projections.audit_log import AUDIT_LOG, ROWS
from flexes_projections.audit_query import AuditQuestion, audit, behind
from flexes_projections.catalogue import ALL
from flexes_projections.errors import NotBuilt
from flexes_projections.folding import Folding
from flexes_projections.runner import Runner

FIELDS = {
    **FILTERS,
    "type": "type",
    "actor": "actor",
    "capability": "capability_id",
    "expression": "expression",
    "digest": "digest",
}


@pytest.fixture
def asked(place: Place) -> tuple[Place, list[AuditRow]]:
    """Return a place with an audit log, and all of its rows as the view makes them."""
    copies(place.store, 500)
    Runner(place.store, place.database, (AUDIT_LOG,)).catch_up()
    folding = Folding(place.store)
    facts = (folding.fact(row) for row in place.store.read_all(0, 100_000))
    return place, [row for fact in facts for row in rows_of_step(fact.step, fact.position, fact.digest, fact.said)]


def test_every_filter_answers_as_the_view_does(asked: tuple[Place, list[AuditRow]]) -> None:
    """One to three filters with values that some row has, and in all rows."""
    place, rows = asked
    random = Random(7)
    assert list(audit(place.database, AuditFilter())) == rows
    for count in [1, 2, 3] * 12:
        wanted = random.choice(rows)
        fields = random.sample(sorted(FIELDS), count)
        given = {field: getattr(wanted, FIELDS[field]) for field in fields}
        question = AuditQuestion.model_validate({field: value for field, value in given.items() if value is not None})
        assert list(audit(place.database, question)) == [row for row in rows if question.matches(row)]


def test_facets_are_found_by_name(asked: tuple[Place, list[AuditRow]]) -> None:
    """Whole names, upper and lower case told apart, wildcards of SQL no more than letters."""
    place, rows = asked
    for facet in ("copy", "COPY", "cop", "%", "c_py", '"'):
        found = list(audit(place.database, AuditQuestion(facet=facet)))
        assert found == [row for row in rows if facet in row.facets]
    assert any("copy" in row.facets for row in rows)


def test_a_limit_ends_the_answer(asked: tuple[Place, list[AuditRow]]) -> None:
    """The first rows in the order of the log."""
    place, rows = asked
    assert list(audit(place.database, AuditQuestion(), limit=3)) == rows[:3]


def test_every_filter_of_the_interface_is_indexed() -> None:
    """No filter that interfaces.md names reads the whole table."""
    indexed = {columns[0] for columns in ROWS.indexes}
    assert {FIELDS[name] for name in AuditFilter.model_fields} <= indexed


def test_what_was_never_built_is_refused(place: Place) -> None:
    """A question is not answered from nothing."""
    with pytest.raises(NotBuilt):
        audit(place.database, AuditFilter())
    assert behind(place.store, place.database) is None


def test_how_far_behind_is_known(place: Place) -> None:
    """A reader can say that its answer lacks the latest events."""
    place.store.append(corpus()[0])
    Runner(place.store, place.database, ALL).catch_up()
    assert behind(place.store, place.database) == 0
    place.store.append(corpus()[1])
    assert behind(place.store, place.database) == len(corpus()[1])
