"""Runs in a process of their own: `python driving.py URL RUNS NODES`; all of them on one event loop, until killed.

Each invocation prints a line with its operation id before it answers.
"""

import asyncio
import os
import sys
from typing import Any

from flexes import CapabilityRegistry, Flexes, NodeContext


def steps(nodes: int) -> CapabilityRegistry:
    """Return capabilities that make one facet of another, in a row, and say so."""
    registry = CapabilityRegistry()
    for place in range(nodes):
        registry.capability(f"step{place}", inputs=[f"f{place}"], outputs=[f"f{place + 1}"])(_step(f"f{place + 1}"))
    return registry


def envelope_of(nodes: int) -> dict[str, Any]:
    """Return a task that takes all of them, and says something of each."""
    action = {"type": "emit", "event": "seen"}
    rule = {"id": "seen", "trigger": {"kind": "onNodeComplete"}, "when": "f0 = 0", "action": action}
    return {
        "objective": "step by step",
        "inputs": {"f0": 0},
        "outputContract": {"mode": "facets", "facets": [f"f{nodes}"]},
        "policies": {"runtime": [rule]},
    }


def _step(facet: str) -> Any:
    async def work(ctx: NodeContext) -> dict[str, Any]:
        os.write(sys.stdout.fileno(), f"{ctx.operation_id}\n".encode())
        await asyncio.sleep(0)
        return {facet: ctx.node}

    return work


async def _main(url: str, runs: int, nodes: int) -> None:
    async with Flexes.open(url, registry=steps(nodes)) as flexes:
        while True:
            await asyncio.gather(*(flexes.run(envelope_of(nodes)) for _ in range(runs)))


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    asyncio.run(_main(where, *map(int, numbers)))
