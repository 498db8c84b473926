"""Runs for unit tests: started and planned by the pure functions alone, without a store."""

from collections.abc import Mapping, Sequence
from typing import Any

from flexes.envelope.capability import Catalog
from flexes.ids import derived_id, derived_run_id, plus_ms
from flexes.plan.handshake import Draft
from flexes.policy.envelope import TaskEnvelope
from flexes.policy.normalize import normalize
from flexes.run import commands as cmd
from flexes.run.decide import decided_commit
from flexes.run.events import Event
from flexes.run.state import State

RUN = derived_run_id("unit")
START = "2026-01-01T00:00:00.000000Z"
CATALOG = Catalog.model_validate(
    {
        "capabilities": [
            {"id": "write", "inputs": ["brief"], "outputs": ["copy"], "cost": 2.0, "latencyMs": 700.0},
            {"id": "judge", "kind": "validation", "inputs": ["copy"], "outputs": ["review"], "cost": 0.5},
            {"id": "note", "inputs": ["brief"], "outputs": []},
            {"id": "ask", "kind": "human", "inputs": ["copy"], "outputs": ["approval"], "timeoutMs": 1000.0},
            {"id": "sign", "kind": "human", "inputs": ["copy"], "outputs": ["signature"]},
            {"id": "slow", "inputs": ["brief"], "outputs": [], "timeoutMs": 500.0},
        ],
        "facets": {"review": {"schema": {"type": "object", "required": ["score"]}}},
    }
)
CHAIN = ({"id": "a", "capability": "write"}, {"id": "b", "capability": "judge", "dependsOn": ["a"]})
FREEFORM = {"mode": "freeform"}
ALL_ON = cmd.Flags()
NOTHING: Mapping[str, Any] = {}


class Run:
    """A run that is moved by commands; keeps its events and the state after them."""

    def __init__(
        self,
        nodes: Sequence[Mapping[str, Any]] = CHAIN,
        contract: Mapping[str, Any] = FREEFORM,
        flags: cmd.Flags = ALL_ON,
        more: Mapping[str, Any] = NOTHING,
        **policies: Any,
    ) -> None:
        self.events: list[Event] = []
        self._state: State | None = None
        self.after_ms = 0.0
        envelope = TaskEnvelope.model_validate(
            {
                "objective": "o",
                "inputs": {"brief": "b"},
                "outputContract": contract,
                "policies": policies,
                **more,
            }
        )
        context = normalize(envelope.policies, CATALOG, frozenset(envelope.inputs))
        self.give(cmd.StartRun, envelope=envelope.wire(), context=context, catalog=CATALOG, flags=flags)
        assert self.state.handshake is not None
        draft = Draft.model_validate({"nodes": nodes})
        self.give(cmd.AnswerPlanner, request_id=self.state.handshake.request_id, answer=draft)

    @property
    def state(self) -> State:
        """The run as it is."""
        assert self._state is not None
        return self._state

    def give(self, kind: Any, actor: str = "system", **fields: Any) -> list[str]:
        """Give a command; return the kinds of the events that followed."""
        return [event.kind for event in self.events_of(kind, actor, **fields)]

    def events_of(self, kind: Any, actor: str = "system", **fields: Any) -> tuple[Event, ...]:
        """Give a command; return the events that followed."""
        command_id = derived_id(RUN, "command", len(self.events))
        at = plus_ms(START, self.after_ms)  # type: ignore[arg-type]
        command = kind(run_id=RUN, id=command_id, at=at, actor=actor, **fields)
        events, self._state = decided_commit(self._state, command)
        self.events.extend(events)
        return events

    def end(self, node: str, **outcome: Any) -> tuple[Event, ...]:
        """Record what the current attempt of a node came to: a failure if there is an `error`, else a result."""
        kind = cmd.Failure if "error" in outcome else cmd.Result
        attempt = self.state.nodes[node].attempt
        return self.events_of(cmd.RecordOutcome, node_id=node, attempt=attempt, outcome=kind(**outcome))
