"""The fold: one event onto the state. Total, pure, and blind to why: decisions were made before the event was written.

`evolve` never raises on an event that `decide` made. One small function an event type; facts that change nothing but
the version have none.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from immutables import Map
from pydantic import TypeAdapter

from flexes.envelope.capability import Catalog
from flexes.envelope.contract import OutputContract
from flexes.ids import Instant, RunId
from flexes.policy.context import PolicyContext
from flexes.run import events as ev
from flexes.run import fold_nodes, fold_plan, fold_policies
from flexes.run.collector import resting_collector
from flexes.run.commands import Flags
from flexes.run.persistent import FacetWrite
from flexes.run.records import CommandSeen
from flexes.run.state import State

Handler = Callable[[State, Any], dict[str, Any]]

_CONTRACT: TypeAdapter[OutputContract] = TypeAdapter(OutputContract)
_KEYED = frozenset(
    {"RunStarted", "Paused", "Resumed", "Cancelled", "HitlResolved", "ManualTriggered", "SignalReceived"}
)
"""First events of commands that callers give, whose ids may come again."""


def evolve(state: State | None, event: ev.Event) -> State:
    """Return the state after the event; the first event of a run is RunStarted, on None."""
    if state is None:
        assert isinstance(event, ev.RunStarted), "the first event of a run is RunStarted"
        state = _started(event)
    return state.with_changes(_changes(state, event, _HANDLERS.get(event.kind)))


def fold(events: Iterable[ev.Event], state: State | None = None) -> State | None:
    """Return the state after all the events, from a state or from nothing: what `evolve` comes to, one by one.

    The state in between belongs to nobody else, so each event changes it in place. Outcomes of directives, which no
    event of the fold looks at, are counted once at the end. The garbage collector rests meanwhile: nothing here is
    garbage, and looking for it costs more than the fold.
    """
    draft: State | None = None
    values: dict[str, Any] = {}
    evaluations: Counter[fold_policies.Outcomes] = Counter()
    with resting_collector():
        for event in events:
            if draft is None:
                draft = state = evolve(state, event)
                values = vars(draft)
            elif isinstance(event, ev.SignalEvaluated):
                evaluations[event.outcomes] += 1
                values.update(_changes(draft, event, fold_policies.noted))
            else:
                values.update(_changes(draft, event, _HANDLERS.get(event.kind)))
        if draft is not None and evaluations:
            values["tallies"] = fold_policies.counted(draft.tallies, evaluations)
    return state


def _changes(state: State, event: ev.Event, handler: Handler | None) -> dict[str, Any]:
    """Return what the event changes; the state stays as it is."""
    changes = handler(state, event) if handler else {}
    told = vars(event)
    version, command_id = told["version"], told["command_id"]
    changes["version"] = version
    changes["at"] = told["at"]
    changes["current_command"] = command_id
    seen = state.commands.get(command_id)
    if seen is not None:
        changes["commands"] = state.commands.set(command_id, CommandSeen(seen.first_version, version))
    elif event.kind in _KEYED and command_id != state.current_command:
        changes["commands"] = state.commands.set(command_id, CommandSeen(version, version))
    return changes


def _started(event: ev.RunStarted) -> State:
    facets = {
        name: FacetWrite(value, None, 0, 0, event.version, None, None)
        for name, value in event.envelope.get("inputs", {}).items()
    }
    return State(
        run_id=RunId(event.run_id),
        version=0,
        started_at=Instant(event.at),
        at=Instant(event.at),
        envelope=event.envelope,
        contract=_CONTRACT.validate_python(event.envelope["outputContract"]),
        context=PolicyContext.model_validate(event.context),
        catalog=Catalog.model_validate(event.catalog),
        flags=Flags.model_validate(event.flags),
        correlation_id=event.envelope.get("metadata", {}).get("correlationId"),
        facets=Map(facets),
    )


_HANDLERS: Mapping[str, Handler] = {
    "PlanRequested": fold_plan.plan_requested,
    "PlanGenerated": fold_plan.plan_generated,
    "PlanUpdated": fold_plan.plan_updated,
    "PlanRejected": fold_plan.plan_rejected,
    "NodeStarted": fold_nodes.node_started,
    "NodeCompleted": fold_nodes.node_completed,
    "NodeFailed": fold_nodes.node_failed,
    "NodeSuperseded": fold_nodes.node_superseded,
    "NodesReset": fold_nodes.nodes_reset,
    "SignalEvaluated": fold_policies.signal_evaluated,
    "SignalDeferred": fold_policies.signal_deferred,
    "SignalTaken": fold_policies.signal_taken,
    "TimerFired": fold_policies.timer_fired,
    "PolicyTriggered": fold_policies.policy_triggered,
    "HitlRequested": fold_policies.hitl_requested,
    "HitlResolved": fold_policies.hitl_resolved,
    "Paused": fold_policies.paused,
    "Resumed": fold_policies.resumed,
    "Completed": fold_policies.completed,
    "Failed": fold_policies.failed,
    "Cancelled": fold_policies.cancelled,
}
