"""LangGraph: a graph of as many nodes, chained by edges, each one's state saved before the next.

Each node replaces the state's output, which is the least that the state can hold. Two more forms:

- `kept`: the state keeps the output of every node, as a list of messages does, and as all others here do;
- `loop`: a single node, visited as often: no plan, but spared what is kept for each node of a graph.

SqliteSaver's connection is told to flush each commit, as everyone does.
"""

import operator
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Annotated, Any, TypedDict
from uuid import uuid4

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

from peers.work import Output, Run, Stopwatch, Took, objections, threaded

ROWS = "SELECT count(*) FROM checkpoints"


class State(TypedDict):
    """What the nodes share: the last output, and the count of a loop."""

    out: Output
    place: int


class KeepingState(TypedDict):
    """What the nodes share: all outputs so far."""

    outs: Annotated[list[Output], operator.add]


@contextmanager
def runner(url: str, outputs: Sequence[Output], form: str) -> Iterator[Run]:
    """Open the checkpointer and yield what invokes a graph."""
    with _saver(url) as saver:
        yield threaded(lambda nodes: _timed(_FORMS[form](nodes, outputs).compile(checkpointer=saver), nodes))


def _timed(graph: Any, nodes: int) -> Took:
    config = {"configurable": {"thread_id": str(uuid4())}, "recursion_limit": nodes + 10}
    watch = Stopwatch()
    graph.invoke({"out": {}, "place": 0, "outs": []}, config, durability="sync")
    return watch.stop()


def _replacing(nodes: int, outputs: Sequence[Output]) -> Any:
    return _chain(State, nodes, lambda place: {"out": _checked(outputs[place % len(outputs)])})


def _keeping(nodes: int, outputs: Sequence[Output]) -> Any:
    return _chain(KeepingState, nodes, lambda place: {"outs": [_checked(outputs[place % len(outputs)])]})


def _chain(state: Any, nodes: int, work: Callable[[int], Any]) -> Any:
    def node(place: int) -> Any:
        return lambda _: work(place)

    builder = StateGraph(state)
    names = [f"n{place}" for place in range(nodes)]
    for place, name in enumerate(names):
        builder.add_node(name, node(place))
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


_FORMS = {"": _replacing, "kept": _keeping, "loop": _loop}
