"""Long runs to be loaded: decided by the heart like any other, ten directives evaluated for each signal."""

from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from flexes.envelope.capability import Catalog
from flexes.ids import CommandId, Instant, derived_id, derived_run_id, plus_ms
from flexes.plan.handshake import Draft
from flexes.policy.envelope import TaskEnvelope
from flexes.policy.normalize import normalize
from flexes.policy.signal import SignalEnvelope
from flexes.run import commands as cmd
from flexes.run.decide import decided_commit
from flexes.run.evolve import fold
from flexes.run.state import State
from flexes.store.codec import decode, encode
from flexes.store.port import NewEvent, Row

Shape = Literal["nodes", "signals"]
"""As many nodes in a row as it takes; or a plan of 50 nodes, one of them in flight while signals arrive."""

FEW_NODES: Final = 50
DIRECTIVES: Final = 10
OUTPUT: Final = "x" * 120
_START: Final = Instant("2026-01-01T00:00:00.000000Z")
_SEEN: Final = {"type": "emit", "event": "seen"}
_TRIGGERS: Final = {
    "nodes": {"kind": "onNodeComplete"},
    "signals": {"kind": "onMetricAbove", "metric": "load", "threshold": 0.5},
}
_CATALOG: Final = Catalog.model_validate(
    {"capabilities": [{"id": "step", "inputs": ["brief"], "outputs": ["text", "score"], "cost": 0.01}]}
)


class LongRun(NamedTuple):
    """A run that still runs: its events, the state after them, and the command that comes next."""

    events: list[NewEvent]
    state: State
    following: cmd.Command

    def at(self, version: int) -> State:
        """Return the state after an earlier event."""
        state = fold(decode(Row(0, *event, b"")) for event in self.events[:version])
        assert state is not None
        return state


def long_run(shape: Shape, length: int) -> LongRun:
    """Return a run of about so many events."""
    nodes = length // 3 + 1 if shape == "nodes" else FEW_NODES
    state, events = _planned(shape, length, nodes)
    for place, (kind, fields) in enumerate(_course(shape, nodes)):
        command = _command(kind, state, place, fields)
        if len(events) >= length - 2:
            return LongRun(events, state, command)
        made, after = decided_commit(state, command)
        assert after is not None
        state = after
        events.extend(map(encode, made))
    raise AssertionError("the run ended before it was as long as it should be")


def _planned(shape: Shape, length: int, nodes: int) -> tuple[State, list[NewEvent]]:
    runtime = [
        {"id": f"watch{place}", "trigger": _TRIGGERS[shape], "when": f"score < 0.{place}", "action": _SEEN}
        for place in range(DIRECTIVES)
    ]
    envelope = TaskEnvelope.model_validate(
        {
            "objective": "measure",
            "inputs": {"brief": 1},
            "outputContract": {"mode": "freeform"},
            "policies": {"runtime": runtime},
        }
    )
    context = normalize(envelope.policies, _CATALOG, frozenset(envelope.inputs))
    run_id = derived_run_id(f"{shape} {length}")
    start = cmd.StartRun(
        run_id=run_id, id=_id(run_id, "start"), at=_START, envelope=envelope.wire(), context=context, catalog=_CATALOG
    )
    first, state = decided_commit(None, start)
    assert state is not None
    assert state.handshake is not None
    row = [{"id": f"n{n}", "capability": "step", "dependsOn": [f"n{n - 1}"] if n else []} for n in range(nodes)]
    answer = {"request_id": state.handshake.request_id, "answer": Draft.model_validate({"nodes": row})}
    second, state = decided_commit(state, _command(cmd.AnswerPlanner, state, -1, answer))
    assert state is not None
    return state, [encode(event) for event in (*first, *second)]


def _course(shape: Shape, nodes: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield what happens: the nodes complete one after the other, but for the last; then signals arrive, if they do."""
    result = cmd.Result(outputs={"text": OUTPUT, "score": 1.0}, cost=0.01, latency_ms=3.5)
    for n in range(nodes - 1 if shape == "signals" else nodes):
        yield cmd.RecordOutcome, {"node_id": f"n{n}", "attempt": 1, "outcome": result}
    while shape == "signals":
        yield cmd.ReceiveSignal, {"signal": SignalEnvelope.model_validate({"metrics": {"load": 0.9}})}


def _command(kind: Any, state: State, place: int, fields: dict[str, Any]) -> Any:
    at = plus_ms(_START, place + 2)
    return kind(run_id=state.run_id, id=_id(state.run_id, place), at=at, actor="driver", **fields)


def _id(run_id: Any, place: str | int) -> CommandId:
    return CommandId(derived_id(run_id, "command", place))
