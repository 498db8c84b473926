"""Runs of many nodes: work and bytes grow with the nodes, not with their square."""

import os
import time
from typing import Any, Literal

import pytest
from tests.integration.driver_cases import asynchronous

from flexes import CapabilityRegistry, Flexes, NodeContext
from flexes.ids import RunId

SLOW = os.environ.get("FLEXES_SLOW") is not None
SIZES = (100, 1_000, 10_000) if SLOW else (100, 400)
Shape = Literal["linear", "wide"]


def nodes_of(count: int, shape: Shape) -> list[dict[str, Any]]:
    """Return nodes in a row, or all side by side."""
    chained = shape == "linear"
    return [
        {"id": f"n{n}", "capability": "step", "dependsOn": [f"n{n - 1}"] if chained and n else []} for n in range(count)
    ]


async def measured(count: int, shape: Shape, url: str = "memory://") -> tuple[int, int, float]:
    """Drive a plan of so many nodes; return its events, their bytes and the seconds of this process that it took."""
    registry = CapabilityRegistry()

    @registry.capability("step", inputs=["brief"], cost=0.01)
    async def step(ctx: NodeContext) -> dict[str, Any]:
        return {}

    def planner(_: Any) -> Any:
        return {"nodes": nodes_of(count, shape)}

    envelope = {"objective": "o", "inputs": {"brief": 1}, "outputContract": {"mode": "freeform"}}
    async with Flexes.open(url, registry=registry, planner=planner) as flexes:
        began = time.process_time()
        report = await flexes.run(envelope)
        took = time.process_time() - began
        assert report.status == "completed"
        rows = flexes.store.read(RunId(report.id))
        commits = {(event.command_id) for event in flexes.events(report.id)}
        assert len(commits) == count + 2, "one commit for each finished node"
        return len(rows), sum(len(row.data) for row in rows), took


@pytest.mark.parametrize("shape", ["linear", "wide"])
@asynchronous
async def test_nothing_grows_with_the_square(shape: Shape) -> None:
    """Three events and a bounded number of bytes a node, however many; with FLEXES_SLOW also 10,000."""
    for count in SIZES:
        events, size, took = await measured(count, shape)
        print(f"{shape} {count}: {took / count * 1e6:.0f} us and {size / count:.0f} bytes a node")
        assert events == 3 * count + 5
        assert size < 1_200 * count
