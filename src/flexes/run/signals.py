"""From an inbox item and the state to the signal that directives are evaluated on."""

from collections.abc import Callable

from flexes.envelope.paths import MISSING, ROOT_MEMBERS
from flexes.ids import Instant, ms_between
from flexes.policy.selector import Selector
from flexes.policy.signal import NodeSeen, Signal
from flexes.run.inbox import Item
from flexes.run.records import NodeState
from flexes.run.state import State


def stale(state: State, item: Item) -> str | None:
    """Return why an item no longer speaks of a current attempt, or None; a decision speaks of its request."""
    if item.node is None or item.kind in ("action", "feedback", "start"):
        return None
    node = state.nodes.get(item.node)
    undone = node is not None and node.status == "pending" and node.attempt > 0
    if node is None or node.attempt != item.attempt or undone:
        return f"attempt {item.attempt} of {item.node} is no longer current"
    if item.kind == "timer" and node.status != "running":
        return f"{item.node} finished meanwhile"
    return None


def signal_of(state: State, item: Item, at: Instant) -> Signal:
    """Return the signal that the item stands for, as of now."""
    match item.kind:
        case "outcome":
            return _outcome(state, item)
        case "timer":
            assert item.node is not None
            started = state.nodes[item.node].started_at
            elapsed = ms_between(Instant(started), at) if started else None
            seen = state.seen(item.node)._replace(latency_ms=elapsed)
            return Signal(item.id, "timeout", seen, directive=item.directive)
        case "outside":
            seen_or_none = state.seen(item.node) if item.node else None
            return Signal(item.id, "outside", seen_or_none, item.metrics or {}, directive=item.directive)
        case "manual":
            return _manual(state, item)
        case "feedback":
            return Signal(item.id, "feedback", _seen(state, item.node))
        case _:
            return Signal(item.id, "start")


def lookup_of(state: State, signal: Signal, at: Instant) -> Callable[[str], object]:
    """Return the values that a test may read: visible facets, `$run`, `$node` and `$signal`."""
    return _Values(state, signal, at).__getitem__


class _Values(dict[str, object]):
    """What the tests of a signal read, fetched when the first of them reads it."""

    def __init__(self, state: State, signal: Signal, at: Instant) -> None:
        self._state = state
        self._signal = signal
        self._at = at

    def __missing__(self, name: str) -> object:
        if name in ROOT_MEMBERS:
            self.update(self._signal.roots(_run(self._state, self._at)))
            return self[name]
        write = self._state.facets.get(name)
        value = self[name] = MISSING if write is None else write.value
        return value


def _run(state: State, at: Instant) -> dict[str, float]:
    return {
        "costTotal": state.cost_total,
        "costProjected": state.cost_projected,
        "replans": state.replans,
        "elapsedMs": ms_between(state.started_at, at),
    }


def _outcome(state: State, item: Item) -> Signal:
    assert item.node is not None
    node = state.nodes[item.node]
    produced = frozenset((*node.metrics, *(node.outputs or ())))
    return Signal(
        item.id,
        "node_failed" if node.status == "failed" else "node_completed",
        state.seen(item.node),
        node.metrics,
        _validation_ok(node),
        node.retryable if node.status == "failed" else None,
        node.error_code == "timeout",
        produced,
        item.directive,
    )


def _validation_ok(node: NodeState) -> bool | None:
    if node.error_code == "output_invalid":
        return False
    return None if node.validation is None else bool(node.validation["ok"])


def _manual(state: State, item: Item) -> Signal:
    """A manual trigger speaks of the node that its selector finds: the last started one in plan order."""
    assert item.directive is not None
    selector = state.context.by_id[item.directive].selector
    node = _newest_started(state, selector) if selector is not None else None
    return Signal(item.id, "manual", _seen(state, node), directive=item.directive)


def _newest_started(state: State, selector: Selector) -> str | None:
    found = [
        node.id
        for node in (state.plan.nodes if state.plan else ())
        if state.nodes[node.id].attempt and selector.matches(state.seen(node.id))
    ]
    return found[-1] if found else None


def _seen(state: State, node_id: str | None) -> NodeSeen | None:
    return state.seen(node_id) if node_id is not None and node_id in state.nodes else None
