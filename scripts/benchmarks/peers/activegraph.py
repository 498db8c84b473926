"""ActiveGraph: a behaviour that answers each output with the next one, until there are as many as nodes.

It has no plans: objects that appear in a graph stand for the nodes. Its SQLite store flushes at checkpoints only
(`synchronous` NORMAL, fixed in its code): a loss of power may take the last nodes. Its form `full` flushes each
commit, as everyone else does.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from activegraph import Graph, Runtime, behavior, clear_registry
from activegraph.store import open_store

from peers.work import Output, Run, Stopwatch, Took, objections, threaded

ROWS = "SELECT count(*) FROM events WHERE type = 'object.created'"


@contextmanager
def runner(url: str, outputs: Sequence[Output], form: str) -> Iterator[Run]:
    """Yield what runs a goal on a new graph."""
    yield threaded(lambda nodes: _timed(url, nodes, outputs, form))


def _timed(url: str, nodes: int, outputs: Sequence[Output], form: str) -> Took:
    graph = Graph()
    store = open_store(url, graph.run_id)
    if form == "full":
        store._conn.execute("PRAGMA synchronous = FULL")
    clear_registry()
    runtime = Runtime(graph, behaviors=_behaviors(nodes, outputs), store=store)
    watch = Stopwatch()
    runtime.run_goal("nodes in a row")
    took = watch.stop()
    assert not runtime.errors, runtime.errors
    return took


def _behaviors(nodes: int, outputs: Sequence[Output]) -> list[Any]:
    def add(graph: Any, place: int) -> None:
        if place < nodes:
            output = outputs[place % len(outputs)]
            assert objections(output) == 0
            graph.add_object("output", {"place": place, "out": output})

    @behavior(name="first", on=["goal.created"])
    def first(event: Any, graph: Any, ctx: Any) -> None:  # noqa: ARG001 - its runtime passes all three
        add(graph, 0)

    @behavior(name="next", on=["object.created"], where={"object.type": "output"})
    def follow(event: Any, graph: Any, ctx: Any) -> None:  # noqa: ARG001
        add(graph, event.payload["object"]["data"]["place"] + 1)

    return [first, follow]
