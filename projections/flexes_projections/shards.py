"""Rows made by several processes: each takes the runs of one shard; one writer writes what they make, in order.

Rules:
1. A run belongs to one shard, so its state is folded in one process, and each of its events once.
2. Every process reads the log by itself, a stretch of positions at a time, and hands over nothing but rows.
3. At most AHEAD stretches are asked for before they are written: memory does not grow with the length of the log.
4. A stretch that some process cannot make ends the sharing: whoever goes on alone meets the same event, and says why.
5. The processes only read. They end with the writer, however that ends; what it wrote is kept.
"""

import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection
from operator import itemgetter
from typing import Final, NamedTuple
from zlib import crc32

from flexes.ids import RunId
from flexes.store.port import EventStore
from flexes.store.urls import open_store
from flexes_projections.batch import Target, no_garbage_collection, projected
from flexes_projections.catalogue import BY_NAME
from flexes_projections.errors import WorkerLost
from flexes_projections.folding import Folding
from flexes_projections.pace import Pace
from flexes_projections.registry import Generation
from flexes_projections.table import Row

AHEAD: Final = 2
"""Stretches that are asked for at once: one is made while another is written."""

Rows = Mapping[str, Sequence[list[Row]]]
"""By projection, the rows of each of its tables."""


class Stretch(NamedTuple):
    """Positions of the log: above `after`, up to `upto`."""

    after: int
    upto: int


class Made(NamedTuple):
    """The rows of a stretch, or of one shard of it.

    Attributes:
        events: How many events the stretch has, those of other shards included.
        size: Their bytes.
        position: The last of them; `after` if there are none.
    """

    events: int
    size: int
    position: int
    rows: Rows


class Shard(NamedTuple):
    """The runs that one process takes: those whose hash leaves `number` when it is divided by `shards`."""

    number: int
    shards: int

    def has(self, run_id: RunId) -> bool:
        """Return whether the run belongs to this shard."""
        return crc32(run_id.encode()) % self.shards == self.number


class Lot(NamedTuple):
    """A target as it is told to another process, which knows the projection by its name."""

    generation: Generation
    upto: int | None


class Shards:
    """The processes of all shards; a context manager, which ends them.

    Args:
        url: The store of the log, not one in memory.
        targets: What to make rows of, each from where it stands; projections of the catalogue.
        count: How many processes.
    """

    def __init__(self, url: str, targets: Sequence[Target], count: int) -> None:
        self._workers = [_Worker(url, targets, Shard(number, count)) for number in range(count)]

    def __enter__(self) -> "Shards":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join()

    def made(self, after: int, last: int, pace: Pace) -> Iterator[Made]:
        """Yield stretch after stretch up to the position `last`, or up to one that cannot be made.

        Raises:
            WorkerLost: A process was ended from outside.
        """
        asked: deque[Stretch] = deque()
        while after < last or asked:
            while after < last and len(asked) < AHEAD:
                asked.append(Stretch(after, min(after + pace.limit, last)))
                after = asked[-1].upto
                for worker in self._workers:
                    worker.ask(asked[-1])
            parts = [worker.answer() for worker in self._workers]
            found = [part for part in parts if part is not None]
            if len(found) < len(parts):
                return
            stretch = asked.popleft()
            pace.learn(stretch.upto - stretch.after, found[0].size)
            yield found[0]._replace(rows=_together([part.rows for part in found]))


class _Worker:
    """One process, and the connection to it."""

    def __init__(self, url: str, targets: Sequence[Target], shard: Shard) -> None:
        context = get_context("spawn")  # a fork would share threads, locks and connections
        self.connection, theirs = context.Pipe()
        lots = [Lot(target.generation, target.upto) for target in targets]
        self.process = context.Process(target=work, args=(theirs, url, lots, shard), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, stretch: Stretch) -> None:
        try:
            self.connection.send(stretch)
        except OSError:
            raise self._lost() from None

    def answer(self) -> Made | None:
        try:
            made: Made | None = self.connection.recv()
        except (EOFError, OSError):
            raise self._lost() from None
        return made

    def _lost(self) -> WorkerLost:
        self.process.join()
        return WorkerLost(
            f"a process that made rows ended with status {self.process.exitcode}; what was written is kept: rebuild"
            " again to go on, with `--workers 1` if memory is short"
        )


def work(connection: Connection, url: str, lots: Sequence[Lot], shard: Shard) -> None:
    """Make the rows of every stretch that is asked for, until nobody is there to ask: what a process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the writer gets it too, and ends this process
    with suppress(EOFError, OSError), closing(open_store(url)) as store, no_garbage_collection():
        folding, targets = Folding(store), [Target(BY_NAME[lot.generation.name], *lot) for lot in lots]
        while True:
            connection.send(_tried(store, folding, targets, shard, connection.recv()))


def _tried(
    store: EventStore, folding: Folding, targets: Sequence[Target], shard: Shard, stretch: Stretch
) -> Made | None:
    try:
        return _made(store, folding, targets, shard, stretch)
    except Exception:  # the writer will meet it too
        return None


def _made(
    store: EventStore, folding: Folding, targets: Sequence[Target], shard: Shard, stretch: Stretch
) -> Made | None:
    rows = [row for row in store.read_all(stretch.after, stretch.upto - stretch.after) if row.position <= stretch.upto]
    works = projected([row for row in rows if shard.has(row.run_id)], targets, folding)
    if any(work.error is not None for work in works):
        return None
    return Made(
        len(rows),
        sum(len(row.data) for row in rows),
        rows[-1].position if rows else stretch.after,
        {work.target.projection.name: [work.rows[table] for table in work.target.projection.tables] for work in works},
    )


def _together(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all shards."""
    return {name: _merged(name, [part[name] for part in parts]) for name in parts[0]}


def _merged(name: str, parts: Sequence[Sequence[list[Row]]]) -> list[list[Row]]:
    """Return the rows of each table in the order of their keys, in which databases add them fastest."""
    return [
        sorted(chain.from_iterable(rows), key=itemgetter(*range(table.key_size)))
        for table, *rows in zip(BY_NAME[name].tables, *parts, strict=True)
    ]
