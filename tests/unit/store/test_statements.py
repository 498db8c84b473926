"""The SQL files: numbered migrations without a gap, and statements by name."""

import pytest

from flexes.errors import StoreUnavailable
from flexes.store.statements import migrations, pending, statements


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_migrations_are_numbered_from_1(database: str) -> None:
    """The numbers of a database's migrations are 1, 2, 3, ..., so that none is ever skipped."""
    assert [step.number for step in migrations(database)] == list(range(1, len(migrations(database)) + 1))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_pending_migrations_are_those_after_the_last(database: str) -> None:
    """An empty database needs all migrations, one that is up to date none, a later one is refused."""
    steps = migrations(database)
    assert pending(database, 0, "here") == steps
    assert pending(database, steps[-1].number, "here") == ()
    with pytest.raises(StoreUnavailable, match="the store here was written by a later release"):
        pending(database, steps[-1].number + 1, "here")


def test_both_databases_answer_the_same_questions() -> None:
    """What the port asks has the same names in the SQL of both databases."""
    asked = {"read", "read_all", "heads", "last_position", "load_snapshot", "save_snapshot", "last_migration"}
    assert asked <= statements("sqlite").keys() & statements("postgres").keys()
