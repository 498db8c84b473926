"""The runner: reads a batch of the log once, makes the rows of every projection, writes rows and positions together.

Rules:
1. Rows and position of all projections are one transaction: after a crash both are there, or neither.
2. A position moves only from where the runner found it; of two runners the second loses, looks again and goes on.
3. An event that one projection cannot take stops that one, which says why; the others go on.
4. A batch is small enough to be held in memory, however large its events are.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from flexes.store.port import EventStore, Row, Wakes
from flexes.store.tail import MAX_POLL_S
from flexes_projections import registry
from flexes_projections.batch import Lost, Target, Work, handed, projected
from flexes_projections.catalogue import ALL
from flexes_projections.database import Database, Session
from flexes_projections.folding import Folding
from flexes_projections.pace import BATCH, Pace
from flexes_projections.registry import Phase
from flexes_projections.shards import Made
from flexes_projections.table import Projection

_LOGGER: Final = logging.getLogger("flexes.projections")


class Lag(NamedTuple):
    """How a projection stands to the log.

    Attributes:
        projection: `name@version` of the running release.
        built: The version that readers see; None before the first build.
        position: The last event whose rows are there.
        behind: How many positions of the log are still to come.
        error: Why it stopped, or why it cannot go on; None if all is well.
    """

    projection: str
    built: int | None
    position: int
    behind: int
    error: str | None


class Runner:
    """Keeps generations of projections up to date; any number may run at once.

    Args:
        store: The log.
        database: Where the projections are.
        projections: Those to keep up to date.
        phase: Which generations to fill; live ones are made where there are none.
        upto: The last event to take, by projection; all where it says nothing.
        batch: Most events to read at once.
    """

    def __init__(
        self,
        store: EventStore,
        database: Database,
        projections: Sequence[Projection] = ALL,
        *,
        phase: Phase = "live",
        upto: Mapping[str, int] | None = None,
        batch: int = BATCH,
    ) -> None:
        self._store = store
        self._database = database
        self._projections = sorted(projections)
        self._phase: Phase = phase
        self._upto = upto or {}
        self.batch = batch
        self._pace = Pace(batch)
        self._folding = Folding(store)
        self._targets: list[Target] | None = None
        registry.prepare(database)

    def step(self) -> int:
        """Take one batch; return how many events were read, 0 when there are no more."""
        targets = self.targets()
        if not targets:
            return 0
        rows = self._read(min(target.generation.position for target in targets))
        if rows:
            self._write(projected(rows, targets, self._folding))
        return len(rows)

    def take(self, after: int, made: Made) -> bool:
        """Write rows that others made of the events above `after`; return False, and do nothing, if they are stale."""
        targets = self.targets()
        if not targets or any(target.generation.position != after for target in targets):
            return False
        self._write([handed(target, made.position, made.rows[target.projection.name]) for target in targets])
        return True

    def catch_up(self) -> int:
        """Take batches until there are no more; return how many events were read."""
        total = 0
        while read := self.step():
            total += read
        return total

    async def follow(self, poll_s: float = 0.1) -> None:
        """Keep up with the log until cancelled."""
        while True:
            if await asyncio.to_thread(self.step):
                continue
            if isinstance(self._store, Wakes):
                await asyncio.to_thread(self._store.wait, min(poll_s, MAX_POLL_S))
            else:
                await asyncio.sleep(min(poll_s, MAX_POLL_S))

    def targets(self) -> list[Target]:
        """Return the generations that can go on, where this runner believes them to be."""
        if self._targets is None:
            self._targets = (
                self._database.write(self._find) if self._phase == "live" else self._database.read(self._find)
            )
        return [target for target in self._targets if target.upto is None or target.generation.position < target.upto]

    def _find(self, session: Session) -> list[Target]:
        found = registry.generations(session)
        missing = [each for each in self._projections if registry.in_phase(found, each.name, self._phase) is None]
        if missing and self._phase == "live":
            found = self._add(session, missing)
        pairs = [(each, registry.in_phase(found, each.name, self._phase)) for each in self._projections]
        return [
            Target(projection, generation, self._upto.get(projection.name))
            for projection, generation in pairs
            if generation is not None and generation.version == projection.version and generation.error is None
        ]

    def _add(self, session: Session, missing: Sequence[Projection]) -> list[registry.Generation]:
        registry.lock(session, self._database)
        for projection in missing:
            if registry.in_phase(registry.generations(session), projection.name, "live") is None:
                registry.add(session, self._database, projection, "live")
        return registry.generations(session)

    def _read(self, after: int) -> Sequence[Row]:
        """Read a batch, and let its bytes decide how many events the next one has."""
        rows = self._store.read_all(after, self._pace.limit)
        self._pace.learn(self._pace.limit, sum(len(row.data) for row in rows))
        return rows

    def _write(self, works: Sequence[Work]) -> None:
        moving = [work for work in works if work.position > work.target.generation.position or work.error is not None]

        def write(session: Session) -> None:
            for work in moving:
                work.write(session)

        try:
            self._database.write(write)
        except Lost:
            self._targets = None
            return
        self._targets = [_after(work) for work in works if work.error is None]
        for work in works:
            if work.error is not None:
                where = f"at position {work.error_position}"
                _LOGGER.error("projection %s stopped %s: %s", work.target.projection, where, work.error)


def lag(store: EventStore, database: Database, projections: Sequence[Projection] = ALL) -> tuple[Lag, ...]:
    """Return how each projection stands to the log."""
    registry.prepare(database)
    last = store.last_position()
    found = database.read(registry.generations)
    return tuple(_lag(each, registry.in_phase(found, each.name, "live"), last) for each in projections)


def _lag(projection: Projection, live: registry.Generation | None, last: int) -> Lag:
    if live is None:
        return Lag(str(projection), None, 0, last, "never built: run `flexes rebuild`")
    error = live.error
    if error is None and live.version != projection.version:
        error = f"built as version {live.version}: run `flexes rebuild {projection.name}`"
    return Lag(str(projection), live.version, live.position, max(last - live.position, 0), error)


def _after(work: Work) -> Target:
    target = work.target
    return target._replace(generation=target.generation._replace(position=work.position))
