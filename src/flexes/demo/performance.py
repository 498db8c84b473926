"""The run itself: begun in one process, killed there, gone on with in this one, and signed off by a person.

Whoever watches is told of every event as it stands in the store, whichever process wrote it.
"""

import asyncio
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final, Literal, NamedTuple, Protocol

from flexes.demo import child
from flexes.demo.journal import Invocation, Journal
from flexes.ids import RunId
from flexes.run.events import Event
from flexes.run.evolve import evolve
from flexes.run.records import HumanRequest
from flexes.run.state import State
from flexes.shell.facade import Flexes
from flexes.shell.report import RunReport
from flexes.store.codec import decode

LOOK_S: Final = 0.03
PATIENCE_S: Final = 60.0
"""How long the first process may take until it is caught in flight."""


class Kill(NamedTuple):
    """How the first process ended.

    Attributes:
        pid: The process that was killed.
        version: The run's last event by then.
        completed: Nodes, with their attempt, that were completed by then.
        in_flight: Nodes that it was working on.
    """

    pid: int
    version: int
    completed: tuple[tuple[str, int], ...]
    in_flight: tuple[str, ...]


class Decision(NamedTuple):
    """What a person answered, and who it was."""

    decision: Literal["approve", "reject"]
    by: str
    note: str


class Audience(Protocol):
    """Who watches."""

    def sees(self, event: Event, before: State | None, after: State, position: int) -> None:
        """Be told of one event, its state before and after, and its position in the log."""
        ...

    def killed(self, kill: Kill) -> None:
        """Be told that the first process is gone."""
        ...

    def resumed(self, report: RunReport) -> None:
        """Be told what resuming reported."""
        ...


Ask = Callable[[State, HumanRequest], Decision | None]
"""Asks a person; None leaves the request open."""


class Performance:
    """One run of the campaign; `play` does it all.

    Attributes:
        state: The run as far as the audience has seen it.
        kill: How the first process ended; None before.
        failure: Why there was nothing to kill; None if all went well.
    """

    def __init__(self, flexes: Flexes, store_url: str, run_id: RunId, journal: Journal, audience: Audience) -> None:
        self.state: State | None = None
        self.kill: Kill | None = None
        self.failure: str | None = None
        self._flexes = flexes
        self._store_url = store_url
        self._run_id = run_id
        self._journal = journal
        self._audience = audience

    async def play(self, ask: Ask) -> None:
        """Run it: first process, kill, resume, decision."""
        with tempfile.TemporaryFile() as errors:
            process = child.begin(self._store_url, self._run_id, self._journal.path, errors)
            try:
                is_caught = await self._catch(process)
            finally:
                process.kill()
                process.wait()
            if not is_caught:
                errors.seek(0)
                self.failure = errors.read().decode(errors="replace").strip() or self._where_it_stands()
                return
        self._note_kill(process.pid)
        await self._go_on(ask)

    async def _catch(self, process: "subprocess.Popen[bytes]") -> bool:
        """Watch until the process has nothing in flight but the slow step; false if it never comes to that."""
        deadline = monotonic() + PATIENCE_S
        while process.poll() is None and monotonic() < deadline:
            self._look()
            if self.state and self.state.rewrites and tuple(self.state.running) == (child.HANGING,):
                return True
            await asyncio.sleep(LOOK_S)
        return False

    def _where_it_stands(self) -> str:
        self._look()
        return f"the run is {self.state.status}" if self.state else "the run never began"

    def _note_kill(self, pid: int) -> None:
        state = self._flexes.state(self._run_id)
        done = ((name, node.attempt) for name, node in state.nodes.items() if node.status == "completed")
        ordered = sorted(done, key=lambda found: state.in_plan_order(state.nodes).index(found[0]))
        self.kill = Kill(pid, state.version, tuple(ordered), tuple(state.in_plan_order(state.running)))
        self._audience.killed(self.kill)

    async def _go_on(self, ask: Ask) -> None:
        self._audience.resumed(await self._flexes.resume(self._run_id, by="demo"))
        await self._drive()
        while self.state is not None and self.state.open_requests:
            request = self.state.requests[self.state.open_requests[0]]
            answer = ask(self.state, request)
            if answer is None:
                return
            await self._flexes.resolve_hitl(
                self._run_id, request.id, decision=answer.decision, by=answer.by, note=answer.note
            )
            await self._drive()

    async def _drive(self) -> None:
        driving = asyncio.create_task(self._flexes.drive(self._run_id))
        while not driving.done():
            self._look()
            await asyncio.sleep(LOOK_S)
        await driving
        self._look()

    def _look(self) -> None:
        """Tell of what is new in the store."""
        for row in self._flexes.store.read(self._run_id, self.state.version if self.state else 0):
            before, event = self.state, decode(row)
            self.state = evolve(before, event)
            self._audience.sees(event, before, self.state, row.position)


def ran_twice(kill: Kill, invocations: tuple[Invocation, ...]) -> tuple[str, ...]:
    """Return the nodes that were completed when the process died and were invoked by another one all the same."""
    later = {(call.node, call.attempt) for call in invocations if call.pid != kill.pid}
    return tuple(node for node, attempt in kill.completed if (node, attempt) in later)


def store_in(folder: Path) -> str:
    """Return the URL of a SQLite store in a folder."""
    return f"sqlite:///{(folder / 'demo.db').as_posix()}"
