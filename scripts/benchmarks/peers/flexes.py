"""flexes through its public facade: one capability, a planner that drafts the nodes in a row, ten directives.

Forms: `normal` asks SQLite for `synchronous=normal`, `compress` either database for `compress=on`; `asleep` sleeps for
NAP_S after every commit, which shows what the same work costs a processor that had nothing to do meanwhile, as it has
while a disk flushes.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from itertools import cycle
from typing import Any

from flexes import CapabilityRegistry, Flexes, NodeContext
from peers.work import BOUNDS, Output, Run, Stopwatch, Took

NAP_S = 0.000_5
ROWS = "SELECT count(*) FROM stored_events WHERE topic = 'NodeCompleted'"
_OPTIONS = {"normal": "synchronous=normal", "compress": "compress=on"}


class Application:
    """A registry with one capability, which tells a stopwatch that it began."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self.registry = CapabilityRegistry()
        self._watch = Stopwatch()
        turn = cycle(outputs)

        @self.registry.capability("step", inputs=["nodes"], outputs=["out"])
        async def step(_: NodeContext) -> dict[str, Any]:
            self._watch.node()
            return {"out": next(turn)}

    async def run(self, flexes: Flexes, nodes: int, runs: int = 1) -> Took:
        """Submit runs and drive them to their end, all on this event loop."""
        self._watch = Stopwatch()
        reports = await asyncio.gather(*(flexes.run(envelope(nodes)) for _ in range(runs)))
        took = self._watch.stop()
        assert all(report.status == "completed" for report in reports), reports
        return took


def planner(request: Any) -> dict[str, Any]:
    """Draft the nodes, in a row."""
    return {
        "nodes": [
            {"id": f"n{place}", "capability": "step", "dependsOn": [f"n{place - 1}"] if place else []}
            for place in range(request.inputs["nodes"])
        ]
    }


def envelope(nodes: int) -> dict[str, Any]:
    """Return the task, with ten directives that look at each output."""
    rules = [
        {
            "id": f"rule{place}",
            "trigger": {"kind": "onNodeComplete"},
            "when": f"out.score < {bound}",
            "action": {"type": "pause"},
        }
        for place, bound in enumerate(BOUNDS)
    ]
    contract = {"mode": "facets", "facets": ["out"]}
    return {"objective": "o", "inputs": {"nodes": nodes}, "outputContract": contract, "policies": {"runtime": rules}}


@contextmanager
def runner(url: str, outputs: Sequence[Output], form: str) -> Iterator[Run]:
    """Open the store and yield what drives a run."""
    application = Application(outputs)
    with asyncio.Runner() as loop:
        stack = AsyncExitStack()
        options = f"{'&' if '?' in url else '?'}{_OPTIONS[form]}" if form in _OPTIONS else ""
        opened = Flexes.open(url + options, registry=application.registry, planner=planner)
        flexes = loop.run(stack.enter_async_context(opened))
        if form == "asleep":
            flexes.ledger.observers.append(lambda _: time.sleep(NAP_S))
        try:
            yield lambda nodes, runs=1: loop.run(application.run(flexes, nodes, runs))
        finally:
            loop.run(stack.aclose())
