"""Small changes of single nodes and timers, for the whole fold."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from immutables import Map

from flexes.run.records import Hold, NodeState, Timer
from flexes.run.state import State

HOLDS: Final[Mapping[str, Hold]] = {"hitl": "rerun", "pause": "rerun", "goto": "kept"}
"""Actions that keep a failed node from failing the run; a replan does so only once the planner is asked."""


def held(state: State, node_ids: Iterable[str | None], hold: Hold) -> Map[str, NodeState]:
    """Return the nodes with the failed ones among these held; one that will run again stays so."""
    nodes = state.nodes
    for node_id in _failed_among(state, node_ids):
        node = nodes[node_id]
        nodes = nodes.set(node_id, node._replace(hold="rerun" if node.hold == "rerun" else hold))
    return nodes


def let_go(state: State, node_ids: Iterable[str | None], note: str) -> Map[str, NodeState]:
    """Return the nodes with the failed ones among these no longer kept, and why; one that will run again stays so."""
    nodes = state.nodes
    for node_id in _failed_among(state, node_ids):
        node = nodes[node_id]
        notes = "; ".join(found for found in (node.note, note) if found)
        nodes = nodes.set(node_id, node._replace(hold="rerun" if node.hold == "rerun" else None, note=notes))
    return nodes


def with_timer(timers: tuple[Timer, ...], timer: Timer) -> tuple[Timer, ...]:
    """Return the timers with one more, in order of due time."""
    found = list(timers)
    insort(found, timer)
    return tuple(found)


def forget_timers(timers: tuple[Timer, ...], node_ids: Iterable[str]) -> tuple[Timer, ...]:
    """Return the timers that are about none of the nodes."""
    if not timers:
        return timers
    gone = set(node_ids)
    return tuple(timer for timer in timers if timer.node not in gone)


def with_node(state: State, node_id: Any, **changes: Any) -> Map[str, NodeState]:
    """Return the nodes with one of them changed."""
    return state.nodes.set(node_id, state.nodes[node_id]._replace(**changes))


def is_waiting(node: NodeState) -> bool:
    """Return whether the node waits for its dependencies alone."""
    return node.status == "pending" and node.not_before_at is None


def is_unblocked(state: State, node_id: str) -> bool:
    """Return whether all dependencies of the node are completed."""
    return all(state.nodes[parent].status == "completed" for parent in state.node_of(node_id).depends_on)


def with_met(met: Map[str, int], node_id: str, count: int, all_of: int) -> Map[str, int]:
    """Return the counts of completed dependencies with that of one node; none for no or all dependencies."""
    if 0 < count < all_of:
        return met.set(node_id, count)
    return met.delete(node_id) if node_id in met else met


def pending_again(state: State, node_id: str, node: NodeState, cause: Mapping[str, Any]) -> NodeState:
    """Return a node whose attempt was undone, with what the next attempt is told of it."""
    previous: dict[str, Any] = {
        "attempt": node.attempt,
        "inputs": state.inputs_of(node_id),
        "outputs": dict(node.outputs or {}),
        "metrics": dict(node.metrics),
        "cause": dict(cause),
    }
    if node.error is not None:
        previous["error"] = node.error
    return NodeState(attempt=node.attempt, cause=cause, previous=previous, unanswered=node.unanswered)


def abandoned(state: State) -> Map[str, NodeState]:
    """Return the nodes at the end of a run: what was running is abandoned."""
    nodes = state.nodes
    for node_id in state.running:
        nodes = nodes.set(node_id, nodes[node_id]._replace(status="abandoned"))
    return nodes


def _failed_among(state: State, node_ids: Iterable[str | None]) -> Iterator[str]:
    return (node_id for node_id in dict.fromkeys(node_ids) if node_id is not None and node_id in state.failed)
