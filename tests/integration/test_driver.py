"""Whatever a capability or a planner does, a run ends in a defined state with its terminal frame."""

import asyncio
import gc
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.driver_cases import ENVELOPE, answer, asynchronous, driven, registry_of, with_policies
from tests.property.run_laws import check_history

from flexes import CapabilityRegistry, Decline, Delta, Draft, Flexes, NodeContext, NodeError, NodeResult, Validation
from flexes.ids import RunId
from flexes.run.events import NodeFailed, NodeStarted, NodeSuperseded, PlanRejected, TimerFired
from flexes.shell.feed import frames_of_run


class Escaping(BaseException):
    """What `except Exception` lets through."""


class Unspeakable(Exception):
    """An exception that cannot even be told."""

    def __str__(self) -> str:
        """Fail, too."""
        raise RuntimeError("no words")


def deep() -> list[Any]:
    """Return a value nested deeper than any stack."""
    value: list[Any] = []
    for _ in range(50_000):
        value = [value]
    return value


def itself() -> dict[str, Any]:
    """Return a value that holds itself."""
    value: dict[str, Any] = {}
    value["copy"] = value
    return value


RAISED: dict[str, Callable[[], BaseException]] = {
    "an exception": lambda: RuntimeError("boom"),
    "an exception without words": Unspeakable,
    "ill-formed text": lambda: RuntimeError("\ud800"),
    "a node error with ill-formed text": lambda: NodeError("\ud800"),
    "a node error with no cost at all": lambda: NodeError("x", cost=float("nan")),
    "a node error with a negative cost": lambda: NodeError("x", cost=-1),
    "a node error without a message": lambda: NodeError(5),  # type: ignore[arg-type]
    "a group of what escapes": lambda: BaseExceptionGroup("two", [Escaping(), SystemExit(1)]),
    "what is no Exception": Escaping,
    "its own cancellation": asyncio.CancelledError,
    "a timeout of its own": TimeoutError,
}

RETURNED: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "a number": lambda: 5,
    "a text": lambda: "copy",
    "no facet": dict,
    "an undeclared facet": lambda: {"copy": 1, "more": 2},
    "a key that is no text": lambda: {5: 1},
    "not a number": lambda: {"copy": float("nan")},
    "infinity": lambda: {"copy": [float("inf")]},
    "a huge integer": lambda: {"copy": 10**400},
    "an integer beyond 64 bits": lambda: {"copy": 2**63},
    "ill-formed text": lambda: {"copy": "\ud800"},
    "an ill-formed key": lambda: {"copy": {"\ud800": 1}},
    "an object": lambda: {"copy": object()},
    "bytes": lambda: {"copy": b"x"},
    "itself": itself,
    "a deep value": lambda: {"copy": deep()},
    "outputs that are nothing": lambda: NodeResult(outputs=None),  # type: ignore[arg-type]
    "outputs that are a list": lambda: NodeResult(outputs=["copy"]),  # type: ignore[arg-type]
    "metrics that are nothing": lambda: NodeResult(outputs={"copy": 1}, metrics=None),  # type: ignore[arg-type]
    "a metric that is no number": lambda: NodeResult(outputs={"copy": 1}, metrics={"q": "high"}),  # type: ignore[dict-item]
    "a huge metric": lambda: NodeResult(outputs={"copy": 1}, metrics={"q": 10**400}),
    "a huge cost": lambda: NodeResult(outputs={"copy": 1}, cost=10**400),
    "a negative cost": lambda: NodeResult(outputs={"copy": 1}, cost=-0.5),
    "a latency that is no number": lambda: NodeResult(outputs={"copy": 1}, latency_ms=float("nan")),
    "a validation that is none": lambda: NodeResult(outputs={"copy": 1}, validation="ok"),  # type: ignore[arg-type]
    "an issue with ill-formed text": lambda: NodeResult(
        outputs={"copy": 1}, validation=Validation.model_construct(ok=True, issues=("\ud800",))
    ),
}


async def ended(registry: CapabilityRegistry, code: str, **options: Any) -> list[Any]:
    """Drive a run that must fail with this code; check its laws and its one terminal frame; return its events."""
    async with Flexes.open("memory://", registry=registry, **options) as flexes:
        report = await flexes.run(ENVELOPE)
        assert report.status == "failed", report
        assert report.error is not None
        assert report.error["code"] == code
        events = list(flexes.events(report.id))
        check_history(flexes.state(report.id), events)
        frames = list(frames_of_run(flexes.store, RunId(report.id)))
        assert [frame.type for frame in frames].count("complete") == 1
        assert frames[-1].type == "complete"
        return events


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize("kind", ["coroutine", "function"])
@asynchronous
async def test_a_capability_raises(raised: str, kind: str) -> None:
    """What a capability raises fails its node, never the driver (semantics 4)."""

    async def coroutine(ctx: NodeContext) -> None:
        raise RAISED[raised]()

    def function(ctx: NodeContext) -> None:
        raise RAISED[raised]()

    events = await ended(registry_of(coroutine if kind == "coroutine" else function), "node_failed")
    assert [event.kind for event in events].count("NodeFailed") == 1


@pytest.mark.parametrize("returned", RETURNED)
@asynchronous
async def test_a_capability_returns_garbage(returned: str) -> None:
    """A result that breaks its contract, or cannot be recorded, is a failure of the node (semantics 4)."""

    async def work(ctx: NodeContext) -> Any:
        return RETURNED[returned]()

    [failed] = [event for event in await ended(registry_of(work), "node_failed") if isinstance(event, NodeFailed)]
    assert failed.code in ("bad_result", "output_invalid")
    assert not failed.retryable


@asynchronous
async def test_output_that_breaks_its_schema_is_kept() -> None:
    """An output that breaks its schema is NodeFailed output_invalid, with the refused payload (semantics 3, 4)."""

    async def work(ctx: NodeContext) -> dict[str, Any]:
        return {"copy": {"text": 5}}

    registry = registry_of(work)
    registry.facet("copy", schema={"type": "object", "properties": {"text": {"type": "string"}}})
    [failed] = [event for event in await ended(registry, "node_failed") if isinstance(event, NodeFailed)]
    assert failed.code == "output_invalid"
    assert failed.outputs == {"copy": {"text": 5}}
    assert failed.issues[0]["pointer"] == "/text"


@asynchronous
async def test_a_capability_hangs() -> None:
    """A capability that outlives its timeout fails as a retryable timeout, and is cancelled (semantics 4)."""
    stopped = asyncio.Event()

    async def work(ctx: NodeContext) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    events = await ended(registry_of(work, timeout_ms=20), "node_failed")
    [failed] = [event for event in events if isinstance(event, NodeFailed)]
    assert (failed.code, failed.retryable) == ("timeout", True)
    assert [event.timer_kind for event in events if isinstance(event, TimerFired)] == ["deadline"]
    await stopped.wait()


@asynchronous
async def test_a_capability_has_no_time_at_all() -> None:
    """An attempt that is over before its capability was called fails as a timeout, and leaves no warning behind."""
    events = await ended(registry_of(answer, timeout_ms=1e-9), "node_failed")
    assert [event.code for event in events if isinstance(event, NodeFailed)] == ["timeout"]
    gc.collect()


@asynchronous
async def test_a_capability_swallows_its_cancellation() -> None:
    """A capability that does not let itself be cancelled cannot hold the run (tasks, GRACE_S)."""
    release = asyncio.Event()

    async def work(ctx: NodeContext) -> dict[str, Any]:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return {"copy": "too late"}

    await ended(registry_of(work, timeout_ms=20), "node_failed")
    release.set()


@asynchronous
async def test_a_late_result_is_superseded() -> None:
    """A result of an attempt that was undone is NodeSuperseded with its cost; it never counts (semantics 3, 4)."""
    release = asyncio.Event()

    async def work(ctx: NodeContext) -> NodeResult:
        if ctx.attempt > 1:
            release.set()
            return NodeResult(outputs={"copy": "in time"}, cost=1.0)
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return NodeResult(outputs={"copy": "too late"}, cost=2.0)

    async def hold(ctx: NodeContext) -> dict[str, Any]:
        await release.wait()
        await asyncio.sleep(0.02)  # lets the late result come while the run still lives; nothing fails without it
        return {"held": 1}

    registry = registry_of(work, timeout_ms=20)
    registry.capability("hold", inputs=["brief"], outputs=["held"])(hold)
    plan = {"nodes": [{"id": "w", "capability": "write"}, {"id": "h", "capability": "hold"}]}

    async def planner(_: Any) -> Any:
        return plan

    policies = with_policies(thresholds={"retries": [{"id": "again", "max": 1, "backoff": {"initialMs": 0.0}}]})
    async with Flexes.open("memory://", registry=registry, planner=planner) as flexes:
        report = await flexes.run(policies)
        events = flexes.events(report.id)
        check_history(flexes.state(report.id), events)
    assert report.status == "completed"
    assert report.output == {"copy": "in time"}
    late = [event for event in events if isinstance(event, NodeSuperseded)]
    assert [(event.node_id, event.attempt, event.cost) for event in late] in ([], [("w", 1, 2.0)])


@asynchronous
async def test_branches_overlap() -> None:
    """Independent branches run at the same time: each waits until all have begun."""
    registry, barrier = CapabilityRegistry(), threading.Barrier(3)
    met = asyncio.Barrier(3)

    async def coroutine(ctx: NodeContext) -> dict[str, Any]:
        await met.wait()
        return {f"out-{ctx.node}": 1}

    def function(ctx: NodeContext) -> dict[str, Any]:
        barrier.wait(30)
        return {f"out-{ctx.node}": 1}

    for name in "abcdef":
        work = coroutine if name in "abc" else function
        registry.capability(name, inputs=["brief"], outputs=[f"out-{name}"])(work)
    envelope = {**ENVELOPE, "outputContract": {"mode": "facets", "facets": [f"out-{name}" for name in "abcdef"]}}
    assert (await driven(registry, envelope)).status == "completed"


@asynchronous
async def test_a_capability_that_nobody_registered() -> None:
    """A process that lacks a capability fails the node and says so; it does not hang (semantics 4)."""
    async with Flexes.open("memory://", registry=registry_of(answer)) as flexes:
        run = await flexes.start(ENVELOPE)
        report = await Flexes(flexes.store, CapabilityRegistry()).drive(run.id)
    assert report.error is not None
    assert report.error["details"]["code"] == "capability_unavailable"


ANSWERED: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "a number": lambda: 5,
    "an empty object": dict,
    "keys that are no texts": lambda: {1: 2},
    "a delta": lambda: Delta(),
    "no nodes": lambda: {"nodes": []},
    "a node without a capability": lambda: {"nodes": [{"id": "a"}]},
    "an unknown capability": lambda: {"nodes": [{"id": "a", "capability": "none"}]},
    "a cycle": lambda: {"nodes": [{"id": "a", "capability": "write", "dependsOn": ["a"]}]},
    "a node twice": lambda: {"nodes": [{"id": "a", "capability": "write"}] * 2},
    "an unknown key": lambda: {"nodes": [{"id": "a", "capability": "write", "colour": "red"}]},
    "ill-formed text": lambda: {"nodes": [{"id": "a", "capability": "write"}], "rationale": "\ud800"},
    "an ill-formed reason": lambda: {"reject": "\ud800"},
    "an unchecked draft": lambda: Draft.model_construct(type="draft", nodes=5, rationale=""),  # type: ignore[arg-type]
    "an unchecked node": lambda: Draft.model_construct(type="draft", nodes=({"id": 1},), rationale=""),  # type: ignore[arg-type]
    "an unchecked reason": lambda: Decline.model_construct(type="decline", reason=5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("answered", ANSWERED)
@asynchronous
async def test_a_planner_answers_garbage(answered: str) -> None:
    """Garbage is a rejected attempt with diagnostics; after maxPlannerAttempts the run fails (semantics 9)."""

    def planner(_: Any) -> Any:
        return ANSWERED[answered]()

    events = await ended(registry_of(answer), "plan_failed", planner=planner)
    rejected = [event for event in events if isinstance(event, PlanRejected)]
    assert len(rejected) == 3
    assert all(event.diagnostics[0]["message"] for event in rejected)


@pytest.mark.parametrize("raised", RAISED)
@asynchronous
async def test_a_planner_raises(raised: str) -> None:
    """An exception of the planner is a rejected attempt (semantics 9)."""

    async def planner(_: Any) -> Any:
        raise RAISED[raised]()

    events = await ended(registry_of(answer), "plan_failed", planner=planner)
    assert len([event for event in events if isinstance(event, PlanRejected)]) == 3


@asynchronous
async def test_a_planner_hangs() -> None:
    """A planner that hangs is a rejected attempt, each time (semantics 9)."""

    async def planner(_: Any) -> Any:
        await asyncio.Event().wait()

    events = await ended(registry_of(answer), "plan_failed", planner=planner, planner_timeout_s=0.01)
    codes = [event.diagnostics[0]["code"] for event in events if isinstance(event, PlanRejected)]
    assert codes == ["planner_timeout"] * 3


@asynchronous
async def test_a_planner_learns_from_its_faults() -> None:
    """The diagnostics of a refused answer come with the next request; a good one is then accepted (semantics 9)."""
    seen: list[list[str]] = []

    async def planner(request: Any) -> Any:
        seen.append([found.code for found in request.diagnostics])
        return {"nodes": [{"id": "a", "capability": "write" if seen[-1] else "none"}]}

    assert (await driven(registry_of(answer), planner=planner)).status == "completed"
    assert seen[0] == []
    assert "unknown_capability" in seen[1]


@asynchronous
async def test_a_decline_ends_the_handshake() -> None:
    """A planner that declines the first plan fails the run at once, with its reason (semantics 9)."""

    async def planner(_: Any) -> Any:
        return {"reject": "cannot help"}

    events = await ended(registry_of(answer), "plan_failed", planner=planner)
    assert [event.kind for event in events] == ["RunStarted", "PlanRequested", "PlanRejected", "Failed"]
    assert "cannot help" in events[-1].message


@asynchronous
async def test_a_cancelled_drive_leaves_the_run_to_the_next(tmp_path: Path) -> None:
    """A driver that is cancelled stops its tasks and appends nothing; the next one invokes the same operation again."""
    operations: list[str] = []
    begun, released = asyncio.Event(), asyncio.Event()

    async def work(ctx: NodeContext) -> dict[str, Any]:
        operations.append(ctx.operation_id)
        begun.set()
        await released.wait()
        return {"copy": 1}

    async with Flexes.open(f"sqlite:///{tmp_path / 'db'}", registry=registry_of(work)) as flexes:
        run = await flexes.start(ENVELOPE)
        drive = asyncio.create_task(flexes.drive(run.id))
        await begun.wait()
        before = flexes.state(run.id).version
        drive.cancel()
        with pytest.raises(asyncio.CancelledError):
            await drive
        assert flexes.state(run.id).version == before
        released.set()
        assert (await flexes.drive(run.id)).status == "completed"
        assert operations == operations[:1] * 2
        assert len([event for event in flexes.events(run.id) if isinstance(event, NodeStarted)]) == 1


@asynchronous
async def test_two_drives_of_one_process() -> None:
    """Two drives of one run in one process take turns; each node is invoked once (facade.drive)."""
    count = 0

    async def work(ctx: NodeContext) -> dict[str, Any]:
        nonlocal count
        count += 1
        await asyncio.sleep(0)
        return {"copy": 1}

    async with Flexes.open("memory://", registry=registry_of(work)) as flexes:
        run = await flexes.start(ENVELOPE)
        reports = await asyncio.gather(*(flexes.drive(run.id) for _ in range(3)))
    assert {report.status for report in reports} == {"completed"}
    assert count == 1


@asynchronous
async def test_a_drive_that_waited_keeps_others_waiting() -> None:
    """A drive that had to wait for another one drives alone in its turn, also when a third one comes (facade.drive)."""
    invoked = 0
    released = asyncio.Event()

    async def work(ctx: NodeContext) -> dict[str, Any]:
        nonlocal invoked
        invoked += 1
        await released.wait()
        return {"copy": 1}

    async def until_invoked(count: int) -> None:
        while invoked < count:
            await asyncio.sleep(0)

    async with Flexes.open("memory://", registry=registry_of(work)) as flexes:
        run = await flexes.start(ENVELOPE)
        first = asyncio.create_task(flexes.drive(run.id))
        await until_invoked(1)
        second = asyncio.create_task(flexes.drive(run.id))
        await asyncio.sleep(0)
        first.cancel()
        await until_invoked(2)
        third = asyncio.create_task(flexes.drive(run.id))
        await asyncio.sleep(0.05)
        assert invoked == 2
        released.set()
        assert {report.status for report in await asyncio.gather(second, third)} == {"completed"}


@asynchronous
async def test_a_pause_lets_what_is_in_flight_finish() -> None:
    """Under a pause a node in flight finishes and nothing new starts; resume goes on from there (semantics 2)."""
    begun, released = asyncio.Event(), asyncio.Event()

    async def work(ctx: NodeContext) -> dict[str, Any]:
        begun.set()
        await released.wait()
        return {"copy": 1}

    async def check(ctx: NodeContext) -> dict[str, Any]:
        return {"review": 1}

    registry = registry_of(work)
    registry.capability("check", inputs=["copy"], outputs=["review"])(check)
    envelope = {**ENVELOPE, "outputContract": {"mode": "facets", "facets": ["review"]}}
    async with Flexes.open("memory://", registry=registry) as flexes:
        run = await flexes.start(envelope)
        drive = asyncio.create_task(flexes.drive(run.id))
        await begun.wait()
        assert (await flexes.pause(run.id)).status == "paused"
        released.set()
        assert (await drive).status == "paused"
        state = flexes.state(run.id)
        assert [node.status for _, node in sorted(state.nodes.items())] == ["pending", "completed"]
        assert (await flexes.resume(run.id)).status == "running"
        assert (await flexes.drive(run.id)).status == "completed"
