"""Proof that what readers see is what the log says: the live rows against the same rows made anew, digest by digest."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import orjson

from flexes.store.port import EventStore
from flexes_projections import ddl, registry
from flexes_projections.catalogue import ALL
from flexes_projections.database import Database, Session
from flexes_projections.filling import Observer, Workers, fill
from flexes_projections.pace import BATCH
from flexes_projections.rebuild import begin
from flexes_projections.registry import Generation, in_phase
from flexes_projections.runner import Runner
from flexes_projections.table import Projection


class Checked(NamedTuple):
    """What the check of one projection came to.

    Attributes:
        position: The last event of both.
        live: Digest of the rows that readers see, in hex; None if they were never built, or by another version.
        rebuilt: Digest of the same rows made anew; None if that failed.
        why: What is wrong, as one sentence; None if both are equal.
    """

    projection: str
    position: int
    live: str | None
    rebuilt: str | None
    why: str | None

    @property
    def equal(self) -> bool:
        """Whether the rows are the same, byte for byte."""
        return self.why is None


def check(
    store: EventStore,
    database: Database,
    projections: Sequence[Projection] = ALL,
    *,
    observer: Observer | None = None,
    batch: int = BATCH,
    workers: Workers | None = None,
) -> tuple[Checked, ...]:
    """Compare each live projection with one made anew up to the same event; readers notice nothing."""
    registry.prepare(database)
    _drop_further(database)
    lives = database.read(lambda session: [_live(session, each) for each in projections])
    comparable = {live.name: live.position for live, digest in lives if digest is not None and live is not None}
    wanted = [each for each in projections if each.name in comparable]
    begin(database, wanted, "checking")
    runner = Runner(store, database, wanted, phase="checking", upto=comparable, batch=batch)
    fill(store, runner, observer, workers)
    found = [_compared(database, *pair) for pair in zip(projections, lives, strict=True)]
    _drop_checking(database)
    return tuple(found)


def digest_of(session: Session, projection: Projection, generation: int) -> str:
    """Return the SHA-256 digest of all rows of a generation in the order of their keys."""
    digest = sha256()
    for table in projection.tables:
        digest.update(f"{table.name}\n".encode())
        for row in session.stream(ddl.in_key_order(table, ddl.table_name(table, generation))):
            digest.update(orjson.dumps(row))
            digest.update(b"\n")
    return digest.hexdigest()


def _live(session: Session, projection: Projection) -> tuple[Generation | None, str | None]:
    live = in_phase(registry.generations(session, projection.name), projection.name, "live")
    if live is None or live.version != projection.version:
        return live, None
    return live, digest_of(session, projection, live.generation)


def _compared(database: Database, projection: Projection, live: tuple[Generation | None, str | None]) -> Checked:
    generation, digest = live
    if generation is None or digest is None:
        version = f"as version {generation.version}" if generation else "never"
        return Checked(str(projection), 0, None, None, f"it was built {version}: run `flexes rebuild`")
    return database.read(lambda session: _anew(session, projection, generation, digest))


def _anew(session: Session, projection: Projection, live: Generation, digest: str) -> Checked:
    made = in_phase(registry.generations(session, projection.name), projection.name, "checking")
    if made is None or made.error is not None:
        failed = f"it cannot be made anew: {made.error if made else 'another check is running'}"
        return Checked(str(projection), live.position, digest, None, failed)
    rebuilt = digest_of(session, projection, made.generation)
    differs = "the live rows are not those that the log makes: run `flexes rebuild`"
    why = None if rebuilt == digest else differs
    return Checked(str(projection), live.position, digest, rebuilt, why)


def _drop_further(database: Database) -> None:
    """Drop what an earlier check left further on than the live rows are, or unable to go on."""

    def work(session: Session) -> None:
        registry.lock(session, database)
        found = registry.generations(session)
        for made in [each for each in found if each.phase == "checking"]:
            live = in_phase(found, made.name, "live")
            if live is None or made.position > live.position:
                registry.drop(session, made)

    database.write(work)


def _drop_checking(database: Database) -> None:
    def work(session: Session) -> None:
        registry.lock(session, database)
        for found in registry.generations(session):
            if found.phase == "checking":
                registry.drop(session, found)

    database.write(work)
