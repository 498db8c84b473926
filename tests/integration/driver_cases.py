"""What tests of the driver and the facade share: tests as coroutines, and runs over one capability."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, ParamSpec

from flexes import CapabilityRegistry, Flexes, NodeContext, RunReport

P = ParamSpec("P")
PATIENCE_S = 60.0 if os.environ.get("FLEXES_SLOW") is None else 600.0
"""How long a test may hang before it fails; nothing waits for it to pass."""

ENVELOPE: Mapping[str, Any] = {
    "objective": "say it",
    "inputs": {"brief": {"text": "hello"}},
    "outputContract": {"mode": "facets", "facets": ["copy"]},
}


def asynchronous(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Let a coroutine function be a test; one that hangs fails."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), PATIENCE_S))

    return run


def with_policies(**policies: Any) -> dict[str, Any]:
    """Return the envelope with these policies."""
    return {**ENVELOPE, "policies": policies}


def registry_of(work: Callable[[NodeContext], Any], **options: Any) -> CapabilityRegistry:
    """Return a registry whose one capability makes `copy` from `brief` like this."""
    registry = CapabilityRegistry()
    registry.capability("write", inputs=["brief"], outputs=["copy"], **options)(work)
    return registry


async def driven(registry: CapabilityRegistry, envelope: Mapping[str, Any] = ENVELOPE, **options: Any) -> RunReport:
    """Start and drive one run in memory."""
    async with Flexes.open("memory://", registry=registry, **options) as flexes:
        return await flexes.run(envelope)


async def answer(ctx: NodeContext) -> dict[str, Any]:
    """Do the work as it should be done."""
    return {"copy": {"attempt": ctx.attempt, "by": ctx.node}}
