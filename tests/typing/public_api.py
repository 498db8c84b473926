"""What type checkers see of the public names, though they are imported lazily: checked in the gate, run by nobody."""

from collections.abc import Sequence
from typing import Any, assert_type

import flexes
from flexes import CapabilityRegistry, Flexes, NodeContext, NodeResult, RunReport, State, decide, fold, outstanding
from flexes.run.commands import StartRun
from flexes.run.effects import Effect
from flexes.run.events import Event
from flexes.store.port import Head

registry = CapabilityRegistry()


@registry.capability("write", outputs=["copy"])
async def write(ctx: NodeContext) -> NodeResult:
    """A decorated capability keeps its own type."""
    assert_type(ctx.attempt, int)
    return NodeResult(outputs={"copy": "text"})


async def facade() -> None:
    """Every command answers with a report; `state` is the folded run."""
    async with Flexes.open("memory://", registry=registry) as runs:
        assert_type(runs, Flexes)
        report = assert_type(await runs.run({"objective": "write"}), RunReport)
        assert_type(await runs.resume(report.id), RunReport)
        assert_type(runs.state(report.id), State)
        assert_type(runs.events(report.id), Sequence[Event])
        assert_type(runs.runs(), Sequence[Head])


def heart(state: State, command: StartRun) -> None:
    """The three pure functions fit together."""
    events = assert_type(decide(None, command), tuple[Event, ...])
    assert_type(fold(events), State | None)
    assert_type(outstanding(state), tuple[Effect, ...])


def called(ctx: NodeContext) -> Any:
    """A capability can be called as the function that it is."""
    return write(ctx)


assert_type(flexes.__version__, str)
