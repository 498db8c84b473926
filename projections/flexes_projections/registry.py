"""The generations of each projection: which tables each has, how far it has come, and which one readers see.

A generation is `live` (readers see it), `building` (to become live), `checking` (to be compared with the live one) or
`retired` (to be dropped). A projection has at most one of each but the last.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple

from flexes_projections import ddl
from flexes_projections.database import Database, Session
from flexes_projections.table import Projection

Phase = Literal["live", "building", "checking", "retired"]

_NAME: Final = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


class Generation(NamedTuple):
    """One generation of a projection's tables.

    Attributes:
        version: Of the projection that fills it.
        tables: The names of its declared tables, with a space between them.
        position: The last event whose rows it has; 0 before the first.
        error: Why it stopped; None while it goes on.
        error_position: The event, or the batch, that it could not take.
    """

    name: str
    generation: int
    version: int
    tables: str
    phase: Phase
    position: int
    error: str | None
    error_position: int | None


def prepare(database: Database) -> None:
    """Make the registry if there is none; safe when several start at once."""

    def work(session: Session) -> None:
        lock(session, database)
        session.execute(_sql()["create"])
        session.execute(_sql()["one_live"])

    database.write(work)


def is_there(session: Session, database: Database) -> bool:
    """Return whether projections were ever kept in this database; nothing is made."""
    return bool(session.select(database.dialect.has_table, ("flexes_projections",)))


def lock(session: Session, database: Database) -> None:
    """Wait until nobody else changes generations, and keep others waiting until the commit."""
    if database.dialect.lock:
        session.select(database.dialect.lock)


def generations(session: Session, name: str | None = None, suffix: str = "") -> list[Generation]:
    """Return all generations, or those of one projection, oldest first."""
    if name is None:
        return [Generation(*found) for found in session.select(_sql()["all"])]
    return [Generation(*found) for found in session.select(_sql()["of"] + suffix, (name,))]


def in_phase(found: Sequence[Generation], name: str, phase: Phase) -> Generation | None:
    """Return the projection's generation in this phase."""
    return next((each for each in found if each.name == name and each.phase == phase), None)


def add(session: Session, database: Database, projection: Projection, phase: Phase) -> None:
    """Make an empty generation; a live one with its indexes, the others without, so that they fill faster."""
    number = 1 + max((each.generation for each in generations(session, projection.name)), default=0)
    for table in projection.tables:
        session.execute(ddl.create_table(table, ddl.table_name(table, number), database.dialect))
    tables = " ".join(table.name for table in projection.tables)
    session.execute(_sql()["add"], (projection.name, number, projection.version, tables, phase))
    if phase == "live":
        make_indexes(session, projection, number)
        show(session, projection, number)


def make_indexes(session: Session, projection: Projection, number: int) -> None:
    """Make the secondary indexes that the generation does not have, and let the database learn their use."""
    for table in projection.tables:
        name = ddl.table_name(table, number)
        for statement in (*ddl.create_indexes(table, name), f"ANALYZE {name}"):
            session.execute(statement)


def show(session: Session, projection: Projection, number: int) -> None:
    """Let readers see this generation from the commit on."""
    for table in projection.tables:
        for statement in ddl.show(table, ddl.table_name(table, number)):
            session.execute(statement)


def hide(session: Session, found: Generation, projection: Projection) -> None:
    """Take away the views of tables that the projection no longer has."""
    kept = {table.name for table in projection.tables}
    for name in found.tables.split():
        if name not in kept:
            session.execute(f"DROP VIEW IF EXISTS flexes_{name}")


def advance(session: Session, found: Generation, position: int) -> bool:
    """Move the generation on, if it still is as it was found; else somebody else did, and False is returned."""
    parameters = (position, found.name, found.generation, found.position, found.phase)
    return session.execute(_sql()["advance"], parameters) == 1


def stop(session: Session, found: Generation, error: str, position: int) -> None:
    """Record why the generation cannot go on."""
    session.execute(_sql()["stop"], (error, position, found.name, found.generation))


def retry(session: Session, name: str) -> None:
    """Let a projection that stopped go on from where it is."""
    session.execute(_sql()["retry"], (name,))


def turn(session: Session, found: Generation, phase: Phase) -> None:
    """Give the generation another phase."""
    session.execute(_sql()["turn"], (phase, found.name, found.generation))


def drop(session: Session, found: Generation) -> None:
    """Forget a generation that nobody sees, with its tables."""
    for name in found.tables.split():
        session.execute(f"DROP TABLE IF EXISTS flexes_{name}_g{found.generation}")
    session.execute(_sql()["forget"], (found.name, found.generation))


@cache
def _sql() -> dict[str, str]:
    _, *named = _NAME.split(files("flexes_projections").joinpath("sql", "registry.sql").read_text("utf-8"))
    return {name: text.strip() for name, text in zip(named[::2], named[1::2], strict=True)}
