"""Five small apps that a child process drives on SQLite, and dies in the middle of.

Each invocation leaves a line in a file. Its lines are the world outside: what was really invoked, how often, and under
which operation id.
which operation id.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from flexes import CapabilityRegistry, CommandRejected, Flexes, NodeContext, NodeError, NodeResult
from flexes.run.events import Event
from flexes.run.lifecycle import FINAL
from flexes.run.state import State
from flexes.shell.feed import frames_of_run
from flexes.shell.ledger import Committed
from flexes.shell.verify import verify_run
from flexes.store.urls import open_store

PATIENCE_S = 120
"""How long a child may take before it is given up; nothing waits for it to pass."""

APPS = ("chain", "wide", "rewrite", "retries", "people")
WATCHED = ("endless", "gated")
"""Apps whose first node waits: `endless` for ever, `gated` until somebody writes into the file `gate`."""
KEY = "the-one-run"

VARYING = frozenset({"at", "command_id", "due_at", "deadline_at", "not_before_at", "latency_ms", "decided_at"})
"""What depends on when a process lived; everything else must be the same."""


When = Literal["commit", "invocation", "never"]


@dataclass(frozen=True)
class Death:
    """When a child kills itself: right after its n-th commit, or in the middle of its n-th invocation."""

    when: When
    count: int = 0


NEVER = Death("never")


def envelope_of(app: str) -> dict[str, Any]:
    """Return the task of an app."""
    facets = {"wide": ["joined"], "retries": ["copy"], "people": ["signed"]}.get(app, ["final"])
    policies: dict[str, dict[str, Any]] = {
        "rewrite": {
            "thresholds": {
                "quality": [{"id": "good", "metric": "quality", "min": 0.8, "target": "draft"}],
                "cost": [{"id": "cheap", "capTotal": 3.0}],
            }
        },
        "retries": {
            "thresholds": {"retries": [{"id": "again", "max": 2, "backoff": {"initialMs": 1.0, "maxMs": 2.0}}]},
            "runtime": [
                {"id": "redo", "when": "copy.n < 5", "action": {"type": "goto", "next": "draft", "maxAttempts": 1}}
            ],
        },
        "people": {
            "runtime": [
                {"id": "wait", "trigger": {"selector": {"node": "draft"}}, "action": {"type": "pause"}},
                {"id": "ask", "trigger": {"selector": {"node": "judge"}}, "action": {"type": "hitl"}},
            ]
        },
    }
    return {
        "objective": app,
        "inputs": {"brief": {"text": "a brief"}},
        "outputContract": {"mode": "facets", "facets": facets},
        "policies": policies.get(app, {}),
    }


def registry_of(app: str, invoked: Path, death: Death) -> CapabilityRegistry:
    """Return the capabilities of an app; each invocation is written down before it answers."""
    registry, count = CapabilityRegistry(), 0

    def note(ctx: NodeContext) -> None:
        nonlocal count
        count += 1
        with invoked.open("a") as file:
            file.write(f"{ctx.node} {ctx.attempt} {ctx.operation_id}\n")
        if death == Death("invocation", count):
            os.kill(os.getpid(), signal.SIGKILL)

    def machine(name: str, inputs: Sequence[str], outputs: Sequence[str], **options: Any) -> None:
        async def work(ctx: NodeContext) -> NodeResult:
            note(ctx)
            await _wait(app, invoked.with_name("gate"))
            return _work(app, ctx, outputs)

        registry.capability(name, inputs=inputs, outputs=outputs, **options)(work)

    for name, inputs, outputs, options in _capabilities(app):
        machine(name, inputs, outputs, **options)
    if app == "people":
        registry.human("sign", inputs=["final"], outputs=["signed"])
    return registry


def _capabilities(app: str) -> list[tuple[str, list[str], list[str], dict[str, Any]]]:
    if app == "wide":
        branches = [(f"branch{n}", ["brief"], [f"part{n}"], {"cost": 0.5}) for n in range(4)]
        parts = [f"part{n}" for n in range(4)]
        return [*branches, ("join", parts, ["joined"], {"kind": "transformation"})]
    return [
        ("draft", ["brief"], ["copy"], {"cost": 1.0}),
        ("judge", ["copy"], ["review"], {"kind": "validation", "cost": 0.25}),
        ("polish", ["copy", "review"], ["final"], {"kind": "transformation", "cost": 2.0, "fallbacks": ["wipe"]}),
        ("wipe", ["copy", "review"], ["final"], {"kind": "transformation", "cost": 0.5}),
    ]


async def _wait(app: str, gate: Path) -> None:
    if app == "endless":
        await asyncio.Event().wait()
    elif app == "gated":
        await asyncio.to_thread(gate.read_text)  # a pipe: blocks until the other end was written and closed


def _work(app: str, ctx: NodeContext, outputs: Sequence[str]) -> NodeResult:
    again = ctx.attempt + ("~" in ctx.node)
    if app == "retries" and ctx.attempt == 1:
        raise NodeError("try again", retryable=True)
    quality = 0.9 if again > 1 or ctx.inputs.get("copy", {}).get("n", 1) > 1 else 0.4
    values = {name: {"n": again, "from": sorted(ctx.inputs), "by": ctx.node} for name in outputs}
    return NodeResult(outputs=values, metrics={"quality": quality}, latency_ms=5.0)


async def finish(flexes: Flexes, app: str) -> State:
    """Bring the run of an app to its end, whatever has happened to it before and whoever else does the same."""
    run = await flexes.start(envelope_of(app), idempotency_key=KEY)
    while True:
        report = await flexes.drive(run.id)
        if report.status in FINAL or app in WATCHED:
            return flexes.state(run.id)
        try:
            await _unblock(flexes, run.id)
        except CommandRejected:
            continue  # somebody else was quicker


async def _unblock(flexes: Flexes, run_id: str) -> None:
    state = flexes.state(run_id)
    if state.paused:
        await flexes.resume(run_id)
    for request_id in state.open_requests[:1]:
        await flexes.resolve_hitl(run_id, request_id, decision="approve", by="lead", edits=_edits(state))


def _edits(state: State) -> Mapping[str, Any]:
    request = state.requests[state.open_requests[0]]
    return {"signed": {"by": "lead"}} if request.policy_id is None else {}


def live(database: Path, app: str, invoked: Path, death: Death) -> None:
    """Be a process that drives the run, until its end or one's own."""
    asyncio.run(_live(database, app, invoked, death))


async def _live(database: Path, app: str, invoked: Path, death: Death) -> None:
    commits = 0

    def observe(_: Committed) -> None:
        nonlocal commits
        commits += 1
        if death == Death("commit", commits):
            os.kill(os.getpid(), signal.SIGKILL)

    async with Flexes.open(url(database), registry=registry_of(app, invoked, death)) as flexes:
        flexes.ledger.observers.append(observe)
        await finish(flexes, app)


class Nursery:
    """A process that has imported everything and forks a child for each life: quicker than starting Python."""

    def __init__(self) -> None:
        root = Path(__file__).parents[2]
        paths = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.crash_apps"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": paths},
        )

    def begin(self, database: Path, app: str, invoked: Path, death: Death) -> None:
        """Let a child live."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(database), app, str(invoked), death.when, death.count]) + "\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Return the exit code of the child, negative for the signal that ended it."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def serve() -> None:
    """Be the nursery: a line in, a life, its exit code out."""
    for line in sys.stdin:
        database, app, invoked, when, count = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(PATIENCE_S)
            live(Path(database), app, Path(invoked), Death(when, count))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def url(database: Path) -> str:
    """Return the store in this file; durability against a loss of power is not what is tested."""
    return f"sqlite:///{database}?synchronous=normal"


@dataclass(frozen=True)
class Story:
    """What a finished run came to, without what depends on when."""

    status: str
    output: Any
    events: list[tuple[str, dict[str, Any]]]
    frames: list[dict[str, Any]]
    facets: dict[str, Any]
    nodes: dict[str, tuple[str, int]]

    @property
    def unordered(self) -> tuple[Any, ...]:
        """The story where parallel branches may come in any order."""
        events = sorted((kind, _without_order(fields)) for kind, fields in self.events)
        return self.status, self.output, events, self.facets, self.nodes


def story(database: Path) -> Story:
    """Read a finished run; its digests and decisions must verify."""
    store = open_store(url(database))
    try:
        [head] = store.heads()
        verified = verify_run(store, head.run_id)
        assert not verified.findings, verified.findings
        flexes = Flexes(store, CapabilityRegistry())
        state = flexes.state(head.run_id)
        frames = [frame.model_dump(mode="json") for frame in frames_of_run(store, head.run_id)]
        return Story(
            state.status,
            state.ending.output if state.ending else None,
            [_plain(event) for event in flexes.events(head.run_id)],
            [_scrubbed(frame) for frame in frames],
            state.visible_facets(),
            {name: (node.status, node.attempt) for name, node in state.nodes.items()},
        )
    finally:
        store.close()


def completed(database: Path) -> set[str]:
    """Return the operation ids of all outcomes that are recorded as completed, none for a store not yet made."""
    if not database.exists():
        return set()
    store = open_store(url(database))
    try:
        flexes = Flexes(store, CapabilityRegistry())
        events = [event for head in store.heads() for event in flexes.events(head.run_id)]
        return {event.operation_id for event in events if event.kind == "NodeCompleted"}  # type: ignore[attr-defined]
    finally:
        store.close()


def operations(invoked: Path) -> list[str]:
    """Return the operation ids of all invocations so far."""
    lines = invoked.read_text().splitlines() if invoked.exists() else []
    return [line.split()[2] for line in lines]


def _plain(event: Event) -> tuple[str, dict[str, Any]]:
    return event.kind, event.model_dump(mode="json", exclude=set(VARYING))


def _scrubbed(value: Any) -> Any:
    """Leave out of a frame what depends on when, at any depth."""
    if isinstance(value, dict):
        varying = {"timestamp", "at", "dueAt", "deadlineAt", "notBeforeAt", "latencyMs", "decidedAt"}
        return {key: _scrubbed(found) for key, found in value.items() if key not in varying}
    return [_scrubbed(found) for found in value] if isinstance(value, list) else value


def _without_order(fields: dict[str, Any]) -> str:
    left_out = ("version", "signal_id")
    return repr(sorted((key, value) for key, value in fields.items() if key not in left_out))


if __name__ == "__main__":
    serve()
