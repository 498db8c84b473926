"""LangGraph: a graph of as many nodes, chained by edges, that each replace the state's output, saved synchronously.

Its form `loop` is a single node that is visited as often; that is no plan, but spares it what it keeps per node of a
graph. Its checkpointers get the same durability as everyone: SqliteSaver's connection flushes each commit.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, TypedDict
from uuid import uuid4

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

from peers.work import Output, Run, Stopwatch, Took, objections

ROWS = "SELECT count(*) FROM checkpoints"


class State(TypedDict):
    """What the nodes share: the last output, as in a facet that each node writes again; and a loop's count."""

    out: Output
    place: int


@contextmanager
def runner(url: str, outputs: Sequence[Output], form: str) -> Iterator[Run]:
    """Open the checkpointer and yield what invokes a graph."""
    graph = _loop if form == "loop" else _chain
    with _saver(url) as saver:
        yield lambda nodes: _timed(graph(nodes, outputs).compile(checkpointer=saver), nodes)


def _timed(graph: Any, nodes: int) -> Took:
    config = {"configurable": {"thread_id": str(uuid4())}, "recursion_limit": nodes + 10}
    watch = Stopwatch()
    graph.invoke({"out": {}, "place": 0}, config, durability="sync")
    return watch.stop()


def _chain(nodes: int, outputs: Sequence[Output]) -> Any:
    def node(output: Output) -> Any:
        return lambda _: {"out": _checked(output)}

    builder = StateGraph(State)
    names = [f"n{place}" for place in range(nodes)]
    for place, name in enumerate(names):
        builder.add_node(name, node(outputs[place % len(outputs)]))
    for before, after in zip([START, *names], [*names, END], strict=True):
        builder.add_edge(before, after)
    return builder


def _loop(nodes: int, outputs: Sequence[Output]) -> Any:
    def node(state: State) -> State:
        place = state["place"]
        return {"place": place + 1, "out": _checked(outputs[place % len(outputs)])}

    builder = StateGraph(State)
    builder.add_node("n", node)
    builder.add_edge(START, "n")
    builder.add_conditional_edges("n", lambda state: "n" if state["place"] < nodes else END, ["n", END])
    return builder


def _checked(output: Output) -> Output:
    assert objections(output) == 0
    return output


@contextmanager
def _saver(url: str) -> Iterator[SqliteSaver | PostgresSaver]:
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield SqliteSaver(connection)
        return
    with PostgresSaver.from_conn_string(url) as saver:
        saver.setup()
        yield saver
