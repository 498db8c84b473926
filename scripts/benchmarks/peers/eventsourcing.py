"""The stock `eventsourcing` library: an aggregate of the run, saved after each node and never loaded again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from peers.work import Output, Run, Stopwatch, Took, objections, threaded

ROWS = "SELECT count(*) FROM stored_events"


class RunOfNodes(Aggregate):
    """A run that keeps the output of each node."""

    def __init__(self) -> None:
        self.outputs: dict[str, Output] = {}

    @event("NodeCompleted")
    def complete(self, node: str, output: Output) -> None:
        """Record what a node delivered."""
        self.outputs[node] = output


class Runs(Application):
    """The application of the runs; its name makes PostgreSQL's table the one of SQLite."""

    name = "stored"


@contextmanager
def runner(url: str, outputs: Sequence[Output], form: str) -> Iterator[Run]:  # noqa: ARG001
    """Open the application and yield what saves a run after each node."""
    application = Runs(env=environment(url))
    try:
        yield threaded(lambda nodes: _timed(application, nodes, outputs))
    finally:
        application.close()


def _timed(application: Runs, nodes: int, outputs: Sequence[Output]) -> Took:
    watch = Stopwatch()
    run = RunOfNodes()
    application.save(run)
    for place in range(nodes):
        output = outputs[place % len(outputs)]
        assert objections(output) == 0
        run.complete(f"n{place}", output)
        application.save(run)
    return watch.stop()


def environment(url: str) -> dict[str, str]:
    """Return the settings under which the library uses the database that a URL of flexes names."""
    if url.startswith("sqlite:///"):
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": url.removeprefix("sqlite:///")}
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts.get("port", 5432)),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
    }
