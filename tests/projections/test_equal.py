"""Live or rebuilt, in whatever cuts, after whatever crashes, by however many runners: the rows are the same bytes."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Barrier, Thread
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.projections.logs import chunks, copies
from tests.projections.places import Place, durable_place, memory_place, rows_seen, schema_of

from flexes_projections.check import check
from flexes_projections.database import Database, Session
from flexes_projections.opening import open_database
from flexes_projections.rebuild import rebuild
from flexes_projections.runner import Runner

RUNS = 4
SEEDS = st.integers(min_value=0, max_value=2**32)
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)
UNHURRIED = settings(deadline=None, max_examples=8, suppress_health_check=SLOW)
FEW = settings(UNHURRIED, max_examples=3)


class Killed(BaseException):
    """The process died here."""


class Dying:
    """A database whose user dies at one statement of a transaction, or right after a commit."""

    def __init__(self, database: Database, statements: int) -> None:
        self._database = database
        self.dialect = database.dialect
        self._left = statements

    def write(self, work: Callable[[Session], Any]) -> Any:
        """Do the work, and die."""

        def mortal(session: Session) -> Any:
            counted: Any = Mortal(session, self)
            return work(counted)

        result = self._database.write(mortal)
        self.live_on()
        return result

    def read(self, work: Callable[[Session], Any]) -> Any:
        """Read."""
        return self._database.read(work)

    def close(self) -> None:
        """Keep it open: others use it."""

    def live_on(self) -> None:
        """Die, or do not yet."""
        self._left -= 1
        if self._left < 0:
            raise Killed


class Mortal:
    """A session that counts what is done, and ends the process in the middle of it."""

    def __init__(self, session: Session, dying: Dying) -> None:
        self._session = session
        self._dying = dying

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._session, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._dying.live_on()
            return method(*args, **kwargs)

        return counted


def a_life(place: Place, random: Random) -> None:
    """Let a log grow while two runners follow it in small batches, lose races, die at any statement and come back."""
    others = (place.database, place.another())
    runners: list[Runner | None] = [None, None]
    log = list(chunks(random, RUNS))
    while log:
        for _ in range(random.randint(1, 6)):
            if log:
                place.store.append(log.pop(0))
        which = random.randrange(2)
        if random.random() < 0.3:
            die(place, others[which], random)
            runners[which] = None
        runner = runners[which] or Runner(place.store, others[which], batch=random.randint(1, 40))
        runners[which] = runner if random.random() < 0.9 else None
        for _ in range(random.randint(1, 3)):
            runner.step()
    Runner(place.store, place.database).catch_up()


def die(place: Place, database: Database, random: Random) -> None:
    """Start a runner that dies at some statement, or between two commits, or catches up before that."""
    mortal: Any = Dying(database, random.randint(0, 40))
    with contextlib.suppress(Killed):
        Runner(place.store, mortal, batch=random.randint(1, 40)).catch_up()


def same_as_from_nothing(place: Place) -> None:
    """Compare what readers see with projections built in one go in an empty database, and after a rebuild in place."""
    seen = rows_seen(place.database)
    nothing = open_database("memory://")
    Runner(place.store, nothing).catch_up()
    assert seen == rows_seen(nothing)
    assert all(checked.equal for checked in check(place.store, place.database, batch=17))
    rebuild(place.store, place.database, batch=23)
    assert rows_seen(place.database) == seen


@UNHURRIED
@given(seed=SEEDS)
def test_any_life_in_memory_equals_a_rebuild(seed: int) -> None:
    """Rows do not depend on cuts, crashes or the number of runners."""
    with memory_place() as place:
        a_life(place, Random(seed))
        same_as_from_nothing(place)


@UNHURRIED
@given(seed=SEEDS)
def test_any_life_on_sqlite_equals_a_rebuild(seed: int) -> None:
    """The same with several connections to one file."""
    with TemporaryDirectory() as folder, durable_place(f"sqlite:///{Path(folder) / 'flexes.db'}") as place:
        a_life(place, Random(seed))
        same_as_from_nothing(place)


@FEW
@given(seed=SEEDS)
def test_any_life_on_postgresql_equals_a_rebuild(server: str, seed: int) -> None:
    """The same on a real server, down to the bytes that the others make."""
    with schema_of(server) as url, durable_place(url) as place:
        a_life(place, Random(seed))
        same_as_from_nothing(place)


def test_two_runners_at_once_write_every_row_once(durable: Place) -> None:
    """Of two runners that take the same batch, one loses cleanly; both end caught up."""
    copies(durable.store, 300)
    Runner(durable.store, durable.database, batch=1).step()
    both, failed = Barrier(2), []

    def run(database: Database) -> None:
        try:
            runner = Runner(durable.store, database, batch=20)
            both.wait()
            runner.catch_up()
        except Exception as error:
            failed.append(error)

    threads = [Thread(target=run, args=(durable.another(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    same_as_from_nothing(durable)


def test_first_runners_that_start_at_once_make_the_tables_once(durable: Place) -> None:
    """Several first starts do not stand in each other's way."""
    copies(durable.store, 20)
    failed: list[BaseException] = []

    def run(database: Database) -> None:
        try:
            Runner(durable.store, database).catch_up()
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=run, args=(durable.another(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    same_as_from_nothing(durable)
