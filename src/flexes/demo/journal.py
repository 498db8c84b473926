"""A journal outside the run: which process invoked which node. So "no step ran twice" is seen, not only said."""

import asyncio
import inspect
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from flexes.shell.registry import CapabilityRegistry, Implementation, NodeContext

HANG_S = 3600.0


class Invocation(NamedTuple):
    """One call of a capability."""

    pid: int
    node: str
    attempt: int
    operation_id: str


class Journal:
    """Invocations as lines of a file that several processes append to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Sequence[Invocation]:
        """Return the invocations so far, in the order of their calls; none while there is no file."""
        lines = self.path.read_bytes().splitlines() if self.path.exists() else ()
        return tuple(Invocation(*orjson.loads(line)) for line in lines)

    def witnessed(self, registry: CapabilityRegistry, hanging: str | None = None) -> CapabilityRegistry:
        """Return the registry with every invocation written down before it begins.

        Args:
            hanging: Capability that never answers, for the process that is going to be killed while it waits.
        """
        witnessed = CapabilityRegistry()
        catalog = registry.catalog
        for name, facet in catalog.facets.items():
            witnessed.facet(name, schema=facet.json_schema, description=facet.description)
        for capability in catalog.capabilities:
            found = registry.implementation(capability.id)
            wrapped = self._witness(found, capability.id == hanging) if found else None
            witnessed.add(capability, wrapped)
        return witnessed

    def _witness(self, implementation: Implementation, hangs: bool) -> Implementation:
        async def invoke(ctx: NodeContext) -> Any:
            self._write(Invocation(os.getpid(), ctx.node, ctx.attempt, ctx.operation_id))
            if hangs:
                await asyncio.sleep(HANG_S)
            returned = implementation(ctx)
            return await returned if inspect.isawaitable(returned) else returned

        return invoke

    def _write(self, invocation: Invocation) -> None:
        with self.path.open("ab") as file:
            file.write(orjson.dumps(list(invocation)) + b"\n")
