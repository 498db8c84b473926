"""What is counted of one event, and where the counts go: OpenTelemetry instruments, through its API alone.

Rules:
1. Measurements are a pure function of a step; no run, node or person is an attribute of a metric.
2. The process counts what it committed itself: of several processes on one store each counts its own part.
3. The API is used only where the process has loaded it already; whoever configures an SDK has.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from sys import modules
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flexes.ids import Instant, ms_between
from flexes.run import events as ev
from flexes.view.step import Step

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

SCOPE: Final = "flexes"
"""Name of the instrumentation scope of metrics and spans."""


class Measure(NamedTuple):
    """One measurement: the instrument, what to add or record, and its attributes."""

    name: str
    value: float
    attributes: Mapping[str, str | int | bool]


class Instrument(NamedTuple):
    """How an instrument is made: the meter's method, the unit, and what it says."""

    method: str
    unit: str
    description: str


INSTRUMENTS: Final[Mapping[str, Instrument]] = {
    "flexes.plan.requests": Instrument("create_counter", "{request}", "Requests to the planner."),
    "flexes.plan.rejections": Instrument("create_counter", "{answer}", "Planner answers refused or declined."),
    "flexes.plan.updates": Instrument("create_counter", "{version}", "Plan versions after the first."),
    "flexes.policy.triggers": Instrument("create_counter", "{action}", "Policy actions that took effect."),
    "flexes.policy.outcomes": Instrument("create_counter", "{outcome}", "Outcomes of directives on signals."),
    "flexes.hitl.requests": Instrument("create_counter", "{request}", "Questions to humans."),
    "flexes.runs": Instrument("create_counter", "{run}", "Times that a run entered a status."),
    "flexes.node.duration": Instrument("create_histogram", "ms", "Duration of node attempts."),
}


class Metrics:
    """Records the measurements of each step.

    Args:
        provider: Where the instruments come from; None for the global one.
    """

    def __init__(self, provider: "MeterProvider | None" = None) -> None:
        self._provider = provider
        self._instruments: dict[str, Any] = {}

    def is_wanted(self) -> bool:
        """Return whether an SDK may be there to take measurements."""
        return self._provider is not None or "opentelemetry.metrics" in modules

    def take(self, step: Step[Any]) -> None:
        """Record what there is to measure about a step."""
        for name, value, attributes in measures_of(step):
            instrument = self._instruments.get(name) or self._made(name)
            record = instrument.record if name == "flexes.node.duration" else instrument.add
            record(value, attributes)

    def _made(self, name: str) -> Any:
        meter = import_module("opentelemetry.metrics").get_meter(SCOPE, meter_provider=self._provider)
        method, unit, description = INSTRUMENTS[name]
        self._instruments[name] = getattr(meter, method)(name, unit=unit, description=description)
        return self._instruments[name]


def measures_of(step: Step[Any]) -> Iterator[Measure]:
    """Yield what one event adds to each metric."""
    found = _MEASURES.get(step.event.kind)
    if found is not None:
        yield from found(step)
    if step.before is None or step.before.status != step.after.status:
        yield Measure("flexes.runs", 1, {"flexes.run.status": step.after.status})


def _plan_requested(step: Step[ev.PlanRequested]) -> Iterator[Measure]:
    answer = "delta" if step.event.base_version else "draft"
    yield Measure("flexes.plan.requests", 1, {"flexes.plan.answer": answer})


def _plan_rejected(step: Step[ev.PlanRejected]) -> Iterator[Measure]:
    answer = "delta" if step.after.plan else "draft"
    declined = step.event.declined
    yield Measure("flexes.plan.rejections", 1, {"flexes.plan.answer": answer, "flexes.plan.declined": declined})


def _plan_updated(_step: Step[ev.PlanUpdated]) -> Iterator[Measure]:
    yield Measure("flexes.plan.updates", 1, {})


def _policy_triggered(step: Step[ev.PolicyTriggered]) -> Iterator[Measure]:
    event = step.event
    yield Measure(
        "flexes.policy.triggers", 1, {"flexes.action.type": event.action, "flexes.action.source": event.source}
    )


def _signal_evaluated(step: Step[ev.SignalEvaluated]) -> Iterator[Measure]:
    for policy_id, outcome, _ in step.event.outcomes:
        attributes = {"flexes.directive.id": policy_id, "flexes.directive.outcome": outcome}
        yield Measure("flexes.policy.outcomes", 1, attributes)


def _hitl_requested(step: Step[ev.HitlRequested]) -> Iterator[Measure]:
    origin = "node" if step.event.policy_id is None else "directive"
    yield Measure("flexes.hitl.requests", 1, {"flexes.hitl.origin": origin})


def _node_ended(step: Step[ev.NodeCompleted | ev.NodeFailed]) -> Iterator[Measure]:
    event = step.event
    attributes = {
        "flexes.capability.id": step.capability_of(event.node_id) or "",
        "flexes.node.status": "completed" if isinstance(event, ev.NodeCompleted) else "failed",
    }
    yield Measure("flexes.node.duration", _duration_ms(step), attributes)


def _duration_ms(step: Step[ev.NodeCompleted | ev.NodeFailed]) -> float:
    """Return the recorded latency; where nobody measured one, as for humans, the time since the node started."""
    event = step.event
    node = step.before.nodes.get(event.node_id) if step.before else None
    if not event.latency_estimated or node is None or node.started_at is None:
        return event.latency_ms
    return max(ms_between(Instant(node.started_at), Instant(event.at)), 0.0)


_MEASURES: Final[Mapping[str, Callable[[Step[Any]], Iterator[Measure]]]] = {
    "PlanRequested": _plan_requested,
    "PlanRejected": _plan_rejected,
    "PlanUpdated": _plan_updated,
    "PolicyTriggered": _policy_triggered,
    "SignalEvaluated": _signal_evaluated,
    "HitlRequested": _hitl_requested,
    "NodeCompleted": _node_ended,
    "NodeFailed": _node_ended,
}
