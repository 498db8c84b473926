"""Telemetry of whole runs, with the real structlog and the real OpenTelemetry SDK, in memory."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import structlog
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flexes.ids import RunId, derived_run_id
from flexes.policy.problems import validated
from flexes.scenario.documents import load_document
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate
from flexes.scenario.virtual import VirtualClock
from flexes.shell.facade import Flexes
from flexes.shell.registry import CapabilityRegistry, NodeContext, NodeResult
from flexes.shell.telemetry import Telemetry
from flexes.store.memory import MemoryStore
from flexes.store.port import Row, Store

SCENARIOS = sorted((Path(__file__).parents[1] / "transcripts" / "scenarios").glob("*.yaml"))
RUN = derived_run_id("telemetry")
SECRET = "hunter2"
LOUD = {
    "objective": "publish",
    "inputs": {"brief": {"topic": "tea", "password": SECRET}},
    "outputContract": {"mode": "facets", "facets": ["report"]},
    "metadata": {"correlationId": "corr-1"},
    "policies": {
        "runtime": [
            {
                "id": "retry",
                "trigger": {"selector": {"node": "review"}},
                "when": "report.score < 0.8",
                "action": {"type": "goto", "next": "write"},
            },
            {
                "id": "leak",
                "trigger": {"selector": {"node": "review"}},
                "when": f'report.apiKey = "{SECRET}"',
                "action": {"type": "emit", "event": "leaked", "payload": {"token": SECRET, "fine": 1}},
            },
            {
                "id": "sign",
                "trigger": {"selector": {"node": "review"}},
                "when": "report.score >= 0.8",
                "action": {"type": "hitl", "rationale": "sign it"},
            },
        ]
    },
}


class Kept(NamedTuple):
    """Telemetry that is kept in memory."""

    telemetry: Telemetry
    lines: list[dict[str, Any]]
    reader: InMemoryMetricReader
    exporter: InMemorySpanExporter

    def counted(self, name: str) -> dict[tuple[Any, ...], float]:
        """Return the value of a metric for each combination of its attributes' values, sorted by attribute."""
        data = self.reader.get_metrics_data()
        assert data is not None
        (metric,) = [
            metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
        ]
        return {_key(point.attributes): _amount(point) for point in metric.data.data_points}

    def spans(self) -> tuple[ReadableSpan, ...]:
        """Return the finished spans."""
        return self.exporter.get_finished_spans()


def _key(attributes: Any) -> tuple[Any, ...]:
    return tuple(value for _, value in sorted(attributes.items()))


def _amount(point: Any) -> float:
    return float(point.count if isinstance(point, HistogramDataPoint) else point.value)


@pytest.fixture
def kept() -> Iterator[Kept]:
    """Return telemetry whose three parts are all on."""
    lines: list[dict[str, Any]] = []

    def keep(_logger: Any, method: str, fields: Any) -> Any:
        lines.append({"level": method, **fields})
        raise structlog.DropEvent

    reader, exporter = InMemoryMetricReader(), InMemorySpanExporter()
    meters, tracers = MeterProvider([reader]), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    logger = structlog.wrap_logger(None, processors=[keep])
    yield Kept(Telemetry(logger=logger, meter_provider=meters, tracer_provider=tracers), lines, reader, exporter)
    meters.shutdown()
    tracers.shutdown()


def registry() -> CapabilityRegistry:
    """Return a writer, and a reviewer that is pleased by the second attempt."""
    found = CapabilityRegistry()

    @found.capability("writer", inputs=["brief"], outputs=["copy"], cost=0.5)
    async def write(ctx: NodeContext) -> NodeResult:
        return NodeResult({"copy": {"attempt": ctx.attempt, "secret": SECRET}})

    @found.capability("reviewer", kind="validation", inputs=["copy"], outputs=["report"])
    async def review(ctx: NodeContext) -> NodeResult:
        score = 0.4 * ctx.inputs["copy"]["attempt"]
        return NodeResult({"report": {"score": score, "apiKey": SECRET}}, {"score": score})

    return found


async def plan(_request: Any) -> dict[str, Any]:
    """Answer with the one plan of these tests."""
    write = {"id": "write", "capability": "writer"}
    return {"nodes": [write, {"id": "review", "capability": "reviewer", "dependsOn": ["write"]}]}


def live(*observers: Telemetry, store: Store | None = None) -> tuple[str, list[Row]]:
    """Return the status of a live run with these observers instead of the built-in one, and what it stored."""
    store = store or MemoryStore()

    async def go() -> str:
        flexes = Flexes(store, registry(), planner=plan, clock=VirtualClock(RUN))
        flexes.ledger.observers[:] = observers
        report = await flexes.run(LOUD, run_id=RUN)
        decided = {"decision": "approve", "by": "lead", "edits": {"copy": {"text": "x", "cookie": SECRET}}}
        await flexes.resolve_hitl(RUN, report.pending_hitl[0], **decided)  # type: ignore[arg-type]
        return (await flexes.drive(RUN)).status

    return asyncio.run(go()), list(store.read(RUN))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenarios_store_the_same_bytes(path: Path, kept: Kept) -> None:
    """Telemetry on or off changes no stored byte of any scenario, and nothing goes wrong in it."""
    scenario = validated(Scenario, load_document(path), "scenario")
    stores = MemoryStore(), MemoryStore()
    simulate(scenario, stores[0])
    simulate(scenario, stores[1], kept.telemetry)
    assert list(stores[0].read_all(0, 10_000)) == list(stores[1].read_all(0, 10_000))
    assert kept.lines
    assert not [line for line in kept.lines if line["event"] == "telemetry_failed"]


def test_live_runs_store_the_same_bytes(kept: Kept) -> None:
    """The same for a live run under a fixed clock: row by row, digests included."""
    assert live() == live(kept.telemetry)


def test_metrics_of_a_run(kept: Kept) -> None:
    """Every metric counts what the run did, under the attributes that the reference names."""
    assert live(kept.telemetry)[0] == "completed"
    assert kept.counted("flexes.plan.requests") == {("draft",): 1}
    assert kept.counted("flexes.policy.triggers") == {
        ("runtime", "goto"): 1,
        ("runtime", "emit"): 2,
        ("runtime", "hitl"): 1,
    }
    assert kept.counted("flexes.policy.outcomes") == {
        ("retry", "matched"): 1,
        ("retry", "skipped"): 1,
        ("leak", "matched"): 2,
        ("sign", "skipped"): 1,
        ("sign", "matched"): 1,
    }
    assert kept.counted("flexes.hitl.requests") == {("directive",): 1}
    assert kept.counted("flexes.runs") == {("planning",): 1, ("running",): 2, ("awaiting_hitl",): 1, ("completed",): 1}
    assert kept.counted("flexes.node.duration") == {("writer", "completed"): 2, ("reviewer", "completed"): 2}


def test_spans_of_a_run(kept: Kept) -> None:
    """Every attempt and the run itself is a span of the one trace whose id is the run id."""
    live(kept.telemetry)
    told = [(span.name, dict(span.attributes or {}).get("flexes.node.attempt")) for span in kept.spans()]
    assert told == [
        ("flexes.node writer", 1),
        ("flexes.node reviewer", 1),
        ("flexes.node writer", 2),
        ("flexes.node reviewer", 2),
        ("flexes.run", None),
    ]
    assert {span.context.trace_id for span in kept.spans() if span.context} == {UUID(RUN).int}
    assert len({span.parent.span_id for span in kept.spans() if span.parent}) == 1


def test_a_trace_goes_on_in_another_process(kept: Kept) -> None:
    """Nothing is kept between commits: spans are the same when every commit is told to a new observer."""
    reader, exporter = InMemoryMetricReader(), InMemorySpanExporter()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader])
    fresh = _Forgetful(meters, tracers)
    live(kept.telemetry, fresh)  # type: ignore[arg-type]
    assert [_shape(span) for span in exporter.get_finished_spans()] == [_shape(span) for span in kept.spans()]
    meters.shutdown()


class _Forgetful:
    def __init__(self, meters: MeterProvider, tracers: TracerProvider) -> None:
        self._providers = meters, tracers

    def __call__(self, committed: Any) -> None:
        Telemetry(meter_provider=self._providers[0], tracer_provider=self._providers[1])(committed)


def _shape(span: ReadableSpan) -> tuple[Any, ...]:
    assert span.context
    assert span.parent
    return span.name, span.start_time, span.end_time, span.attributes, span.context.trace_id, span.parent.span_id


def test_the_span_of_the_application_is_linked(kept: Kept) -> None:
    """A span that is current when a run is driven is linked, and not made the parent."""
    tracers = TracerProvider()
    with tracers.get_tracer("app").start_as_current_span("request") as request:
        live(kept.telemetry)
    linked = [[link.context for link in span.links] for span in kept.spans()]
    assert linked == [[request.get_span_context()]] * 5
    assert all(span.context and span.context.trace_id == UUID(RUN).int for span in kept.spans())


def test_no_secret_is_told(kept: Kept) -> None:
    """No value of a secret-looking key reaches a line, a metric or a span, whoever wrote it."""
    _, rows = live(kept.telemetry)
    assert any(SECRET.encode() in row.data for row in rows)
    told = [repr(kept.lines), kept.reader.get_metrics_data().to_json()]  # type: ignore[union-attr]
    told += [span.to_json() for span in kept.spans()]
    assert not [text for text in told if SECRET in text]


class _Broken:
    """Raises whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"broken: {SECRET}")


def test_a_broken_part_breaks_nothing_else() -> None:
    """A raising provider is one warning for its part; the run and the other parts go on."""
    lines: list[dict[str, Any]] = []

    def keep(_logger: Any, _method: str, fields: Any) -> Any:
        lines.append(dict(fields))
        raise structlog.DropEvent

    broken: Any = _Broken()
    logger = structlog.wrap_logger(None, processors=[keep])
    telemetry = Telemetry(logger=logger, meter_provider=broken, tracer_provider=broken)
    assert live(telemetry) == live()
    failed = [line for line in lines if line["event"] == "telemetry_failed"]
    assert [(line["part"], line["error"]) for line in failed] == [
        ("metrics", "RuntimeError"),
        ("spans", "RuntimeError"),
    ]
    assert SECRET not in repr(failed)
    assert {"run_status", "policy_triggered"} <= {line["event"] for line in lines}


def test_a_broken_logger_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A raising logger is one warning of the standard logger; no error reaches the run."""
    assert live(Telemetry(logger=_Broken())) == live()
    (record,) = [found for found in caplog.records if found.name == "flexes"]
    assert (record.levelno, record.getMessage(), vars(record)["part"]) == (logging.WARNING, "telemetry_failed", "logs")


def test_every_flexes_tells(caplog: pytest.LogCaptureFixture) -> None:
    """`Flexes` attaches the observer itself: an application that configures logging sees its runs."""

    async def go() -> None:
        async with Flexes.open("memory://", registry=registry(), planner=plan) as flexes:
            await flexes.run(LOUD)

    with caplog.at_level(logging.INFO, "flexes"):
        asyncio.run(go())
    told = [vars(record)["event"] for record in caplog.records if record.name == "flexes"]
    assert {"run_status", "plan_generated", "policy_triggered", "hitl_requested"} <= set(told)


PROGRAM = """
import asyncio, sys
{before}
from flexes import CapabilityRegistry, Flexes
registry = CapabilityRegistry()
registry.capability("writer", inputs=["brief"], outputs=["copy"])(lambda ctx: {{"copy": 1}})
task = {{"objective": "x", "inputs": {{"brief": 1}}, "outputContract": {{"mode": "facets", "facets": ["copy"]}}}}
async def go():
    async with Flexes.open("memory://", registry=registry) as flexes:
        return (await flexes.run(task)).status
assert asyncio.run(go()) == "completed"
{after}
"""
UNUSED = """
loaded = {name.partition(".")[0] for name, module in sys.modules.items() if module is not None}
assert not loaded & {"structlog", "opentelemetry"}, loaded
"""
SDK = """
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
reader, exporter = InMemoryMetricReader(), InMemorySpanExporter()
metrics.set_meter_provider(MeterProvider([reader]))
tracers = TracerProvider()
tracers.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(tracers)
"""
TOLD = """
assert [span.name for span in exporter.get_finished_spans()] == ["flexes.node writer", "flexes.run"]
assert "flexes.runs" in reader.get_metrics_data().to_json()
"""


def in_a_new_process(before: str, after: str) -> tuple[int, str, str]:
    """Return exit status and output of a program that drives one run."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM.format(before=before, after=after)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("before", ["", "sys.modules.update(structlog=None, opentelemetry=None)"])
def test_nothing_is_imported_or_printed_unasked(before: str) -> None:
    """An unconfigured process loads neither structlog nor OpenTelemetry, installed or not, and prints nothing."""
    assert in_a_new_process(before, UNUSED) == (0, "", "")


def test_the_global_providers() -> None:
    """An application that sets an SDK up gets metrics and spans without another word to flexes."""
    assert in_a_new_process(SDK, TOLD) == (0, "", "")


def test_an_ended_run_is_told_once(kept: Kept) -> None:
    """A repeated command commits nothing, so nothing is told again."""
    store = MemoryStore()
    live(kept.telemetry, store=store)
    told = len(kept.lines), len(kept.spans())

    async def again() -> None:
        flexes = Flexes(store, registry(), planner=plan, clock=VirtualClock(RUN))
        flexes.ledger.observers[:] = [kept.telemetry]
        await flexes.drive(RUN)

    asyncio.run(again())
    assert (len(kept.lines), len(kept.spans())) == told
    assert flexes_run_ids(kept) == {RUN}


def flexes_run_ids(kept: Kept) -> set[RunId]:
    """Return the runs that the lines are about."""
    return {line["run_id"] for line in kept.lines}
