"""The trace of a run: spans made whole from recorded instants, through OpenTelemetry's API alone.

Rules:
1. A span is made when its end is committed, from the start that the events hold: a crash loses no open span, and
   whichever process goes on with a run goes on with its trace.
2. The trace id of a run is its run id. All its spans are children of one remote parent, derived from the run id too,
   since the API lets nobody choose the id of a span.
3. The span that was current when the end was committed, such as a request of the application, is linked.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from sys import modules
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from flexes.ids import Instant, RunId, derived_id, moment
from flexes.run import events as ev
from flexes.run.records import NodeState
from flexes.run.state import State
from flexes.shell.telemetry_metrics import SCOPE
from flexes.view.audit_facts import facets_of
from flexes.view.ending import error_of
from flexes.view.step import Step

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import TracerProvider

Attribute = str | int | float | bool | list[str]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAVING: Final = frozenset({"NodesReset", "PlanUpdated"}) | ev.TERMINAL
"""Events that take running nodes out of a run without an outcome."""


class Ended(NamedTuple):
    """A finished span: its name, when it began and ended, its attributes, and the code of the error that ended it."""

    name: str
    started_at: str
    ended_at: str
    attributes: Mapping[str, Attribute]
    error: str | None = None


class Spans:
    """Emits the spans that each step ends.

    Args:
        provider: Where the tracer comes from; None for the global one.
    """

    def __init__(self, provider: "TracerProvider | None" = None) -> None:
        self._provider = provider
        self._tracer: Any = None

    def is_wanted(self) -> bool:
        """Return whether an SDK may be there to take spans."""
        return self._provider is not None or "opentelemetry.trace" in modules

    def take(self, step: Step[Any]) -> None:
        """Emit the spans that a step ended."""
        for ended in spans_of(step):
            self._emit(RunId(step.event.run_id), ended)

    def _emit(self, run_id: RunId, ended: Ended) -> None:
        trace = import_module("opentelemetry.trace")
        if self._tracer is None:
            self._tracer = trace.get_tracer(SCOPE, tracer_provider=self._provider)
        started_ns = nanoseconds(ended.started_at)
        current = trace.get_current_span().get_span_context()
        span = self._tracer.start_span(
            ended.name,
            context=run_context(run_id),
            attributes=ended.attributes,
            links=[trace.Link(current)] if current.is_valid else [],
            start_time=started_ns,
        )
        if ended.error is not None:
            span.set_status(trace.StatusCode.ERROR, ended.error)
        span.end(max(nanoseconds(ended.ended_at), started_ns))


def run_context(run_id: RunId) -> "Context":
    """Return the context whose children belong to the run's trace: the same in every process, at any time."""
    trace = import_module("opentelemetry.trace")
    parent = trace.SpanContext(
        trace_id=UUID(run_id).int,
        span_id=UUID(derived_id(run_id, "trace")).int & (2**64 - 1),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    nothing: Context = import_module("opentelemetry.context").Context()
    context: Context = trace.set_span_in_context(trace.NonRecordingSpan(parent), nothing)
    return context


def nanoseconds(at: str) -> int:
    """Return an instant as nanoseconds since 1970, exactly."""
    return (moment(Instant(at)) - _EPOCH) // timedelta(microseconds=1) * 1_000


def spans_of(step: Step[Any]) -> Iterator[Ended]:
    """Yield the spans that one event ends: of nodes, then of the run."""
    event, before = step.event, step.before
    if before is None:
        return
    if isinstance(event, ev.NodeCompleted | ev.NodeFailed):
        yield _node(step, before, event.node_id)
    elif event.kind in _LEAVING:
        for node_id in before.running:
            if node_id not in step.after.running:
                yield _left(step, before, node_id)
    if event.kind in ev.TERMINAL:
        yield _run(step)


def _node(step: Step[ev.NodeCompleted | ev.NodeFailed], before: State, node_id: str) -> Ended:
    event, node = step.event, before.nodes[node_id]
    failed = event if isinstance(event, ev.NodeFailed) else None
    attributes: dict[str, Attribute | None] = {
        **_about(step, before, node_id, node, "failed" if failed else "completed"),
        "flexes.facets": list(facets_of(step)),
        "flexes.operation.id": event.operation_id,
        "flexes.node.cost": event.cost,
        "flexes.node.latency_ms": event.latency_ms,
        "flexes.error.code": failed.code if failed else None,
    }
    return _ended(before, node_id, node, event.at, attributes, failed.code if failed else None)


def _left(step: Step[Any], before: State, node_id: str) -> Ended:
    """Return the span of an attempt that ended without an outcome."""
    node = before.nodes[node_id]
    status = "abandoned" if step.event.kind in ev.TERMINAL else "superseded"
    return _ended(before, node_id, node, step.event.at, _about(step, before, node_id, node, status))


def _ended(
    before: State,
    node_id: str,
    node: NodeState,
    at: str,
    attributes: Mapping[str, Attribute | None],
    error: str | None = None,
) -> Ended:
    name = f"flexes.node {before.node_of(node_id).capability}"
    return Ended(name, node.started_at or at, at, _present(attributes), error)


def _about(step: Step[Any], before: State, node_id: str, node: NodeState, status: str) -> dict[str, Attribute | None]:
    planned = before.node_of(node_id)
    cause = node.cause or {}
    return {
        "flexes.run.id": step.event.run_id,
        "flexes.correlation.id": before.correlation_id,
        "flexes.plan.version": before.plan_version,
        "flexes.node.id": node_id,
        "flexes.node.attempt": node.attempt,
        "flexes.node.status": status,
        "flexes.capability.id": planned.capability,
        "flexes.directive.id": cause.get("policyId"),
        "flexes.action.type": cause.get("action"),
        "flexes.plan.directives": list(planned.origin.directives) if planned.origin else None,
    }


def _run(step: Step[Any]) -> Ended:
    after = step.after
    error = error_of(after) or {}
    attributes: dict[str, Attribute | None] = {
        "flexes.run.id": after.run_id,
        "flexes.correlation.id": after.correlation_id,
        "flexes.run.status": after.status,
        "flexes.run.cost": after.cost_total,
        "flexes.plan.version": after.plan_version,
        "flexes.facets": list(facets_of(step)),
        "flexes.node.id": error.get("nodeId"),
        "flexes.directive.id": error.get("policyId"),
        "flexes.action.type": error.get("action"),
        "flexes.error.code": error.get("code"),
    }
    failed = error.get("code") if after.status == "failed" else None
    return Ended("flexes.run", after.started_at, step.event.at, _present(attributes), failed)


def _present(attributes: Mapping[str, Attribute | None]) -> dict[str, Attribute]:
    return {name: value for name, value in attributes.items() if value is not None and value != []}
