"""The SQL of a database: its named statements and its numbered migrations, from the files under `sql/`."""

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

from flexes.errors import StoreUnavailable

_NAME: Final = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_MIGRATION: Final = re.compile(r"(\d{3})_(\w+)\.sql")


class Migration(NamedTuple):
    """One numbered step of a database's tables; never changed once released."""

    number: int
    name: str
    text: str


@cache
def statements(database: str) -> dict[str, str]:
    """Return the statements of `sql/<database>/queries.sql` by name."""
    _, *named = _NAME.split(_folder(database).joinpath("queries.sql").read_text("utf-8"))
    return {name: text.strip() for name, text in zip(named[::2], named[1::2], strict=True)}


@cache
def migrations(database: str) -> tuple[Migration, ...]:
    """Return the migrations `sql/<database>/NNN_name.sql` in the order of their numbers."""
    found = [(match, file) for file in _folder(database).iterdir() if (match := _MIGRATION.fullmatch(file.name))]
    return tuple(sorted(Migration(int(match[1]), match[2], file.read_text("utf-8")) for match, file in found))


def pending(database: str, done: int, place: str) -> tuple[Migration, ...]:
    """Return the migrations after the last one that was applied, 0 for none.

    Raises:
        StoreUnavailable: It is one that this release does not know.
    """
    steps = migrations(database)
    if done > steps[-1].number:
        raise StoreUnavailable(f"the store {place} was written by a later release of flexes: upgrade flexes")
    return tuple(step for step in steps if step.number > done)


def _folder(database: str) -> Traversable:
    return files("flexes.store").joinpath("sql", database)
