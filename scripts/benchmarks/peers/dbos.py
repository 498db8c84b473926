"""DBOS: a workflow that calls as many steps; each step's output is a row before the next step begins.

On SQLite it uses the rollback journal that SQLite comes with. Its form `wal` is given a write-ahead log instead,
which it does not switch on itself and which flushes less often.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from dbos import DBOS

from peers.work import Output, Run, Stopwatch, Took, objections, threaded

ROWS = "SELECT count(*) FROM operation_outputs"


@contextmanager
def runner(url: str, outputs: Sequence[Output], form: str) -> Iterator[Run]:
    """Launch DBOS and yield what calls a workflow."""
    if form == "wal":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})

    @DBOS.step()
    def step(place: int) -> Output:
        return outputs[place % len(outputs)]

    @DBOS.workflow()
    def workflow(nodes: int) -> int:
        return sum([objections(step(place)) for place in range(nodes)])

    def run(nodes: int) -> Took:
        watch = Stopwatch()
        assert workflow(nodes) == 0
        return watch.stop()

    DBOS.launch()
    try:
        yield threaded(run)
    finally:
        DBOS.destroy()
