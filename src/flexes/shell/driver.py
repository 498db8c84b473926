"""The driver: does what a run waits for, and records what came of it, until the run ends or rests.

Rules:
1. What to do comes from the events of each commit; only on resume, or when others wrote too, from `outstanding`.
2. Results that arrive together are recorded in plan order, timers before them, planner answers after them.
3. A task whose attempt is no longer current is cancelled; if it answers all the same, the run records it as superseded.
4. Every wait is bounded by POLL_S, and so is the time between two looks at what other processes did to the run; an
   append that they were before sees it at once.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from flexes.errors import InvalidRunState, StalePlanVersion
from flexes.ids import RunId, derived_id, ms_between
from flexes.run.commands import AnswerPlanner, Command, Failure, RecordOutcome, Result
from flexes.run.effects import CallPlanner, InvokeCapability
from flexes.run.events import TERMINAL, Event, NodeStarted, PlanRequested
from flexes.run.outstanding import invocation, outstanding, planner_request
from flexes.run.state import State
from flexes.run.timers import due
from flexes.run.trusted import filled
from flexes.shell.invoke import Planner, ask_planner, invoke
from flexes.shell.ledger import Committed, Ledger
from flexes.shell.registry import CapabilityRegistry
from flexes.shell.tasks import Finished, Key, Tasks

POLL_S: Final = 0.25
_UNDOING: Final = frozenset({"NodesReset", "PlanUpdated", "NodeFailed", "PlanRejected"}) | TERMINAL


class Driver:
    """Drives one run; make a new one for each call."""

    def __init__(
        self,
        ledger: Ledger,
        registry: CapabilityRegistry,
        planner: Planner,
        planner_timeout_s: float,
        run_id: RunId,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._planner = planner
        self._planner_timeout_s = planner_timeout_s
        self._run_id = run_id
        self._state = ledger.require(run_id)
        self._wake = asyncio.Event()
        self._tasks = Tasks(self._wake)
        self._alarm: asyncio.TimerHandle | None = None
        self._rang = True

    async def drive(self) -> State:
        """Return the run once it has ended, or rests with nothing in flight."""
        self._ledger.observers.append(self._observe)
        self._ledger.commits.drivers += 1
        try:
            self._catch_up()
            while not self._at_rest():
                for finished in await self._next():
                    await self._record(finished)
                await self._fire_due()
                self._look_at_others()
            return self._state
        finally:
            self._ledger.commits.drivers -= 1
            self._ledger.observers.remove(self._observe)
            if self._alarm is not None:
                self._alarm.cancel()
            await self._tasks.stop()

    def _at_rest(self) -> bool:
        if self._state.is_final:
            return True
        return not self._tasks and not self._wake.is_set() and not self._state.is_active

    async def _next(self) -> Sequence[Finished]:
        """Return what finished, in plan order; nothing after a wait that a timer or the poll ended."""
        if not self._wake.is_set():
            self._set_alarm()
            await self._wake.wait()
        self._wake.clear()
        found = self._tasks.take()
        return sorted(found, key=self._order) if len(found) > 1 else found

    def _set_alarm(self) -> None:
        """See to it that the driver wakes in time; an alarm that rings earlier stays, so few are ever set."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._patience_s()
        if self._alarm is not None:
            if self._alarm.when() <= due_s:
                return
            self._alarm.cancel()
        self._alarm = loop.call_at(due_s, self._ring)

    def _ring(self) -> None:
        self._alarm, self._rang = None, True
        self._wake.set()

    def _order(self, finished: Finished) -> tuple[int, int]:
        index = self._state.plan.graph.index if self._state.plan else {}
        place = index.get(finished.key[0])
        return (1, 0) if place is None else (0, place)

    def _patience_s(self) -> float:
        if not self._state.timers:
            return POLL_S
        wait_ms = ms_between(self._ledger.clock.now(), self._state.timers[0].due_at)  # type: ignore[arg-type]
        return min(max(wait_ms / 1000, 0.0), POLL_S)

    async def _record(self, finished: Finished) -> None:
        """Record what a task came to; until that is durable the task counts as one, so nobody begins it again."""
        with suppress(InvalidRunState, StalePlanVersion):
            # where the run ended, or asks for something else by now, the answer has no place any more
            await self._ledger.apply(self._command(finished))
        self._tasks.forget(finished.key)

    def _command(self, finished: Finished) -> Command:
        (name, attempt), value = finished
        said = {"run_id": self._run_id, "at": self._ledger.clock.now()}
        if isinstance(value, (Result, Failure)):
            said |= {"id": derived_id(self._run_id, "outcome", name, attempt), "actor": "driver"}
            return filled(RecordOutcome, {**said, "node_id": name, "attempt": attempt, "outcome": value})
        said |= {"id": derived_id(self._run_id, "answer", name), "actor": "planner"}
        return filled(AnswerPlanner, {**said, "request_id": name, "answer": value})

    async def _fire_due(self) -> None:
        while self._state.timers and not self._state.is_final:
            pending = due(self._state, self._ledger.clock.now())
            if not pending:
                return
            try:
                await self._ledger.apply(self._ledger.firing(self._state, pending[0].id))
            except InvalidRunState:
                # another process ended the run meanwhile; its timers are gone with it
                self._refresh()

    def _look_at_others(self) -> None:
        """See what others wrote, whenever the alarm rang; our own commits were observed already."""
        if self._rang:
            self._rang = False
            self._refresh()

    def _refresh(self) -> None:
        state = self._ledger.require(self._run_id)
        if state.version != self._state.version:
            self._state = state
            self._catch_up()

    def _observe(self, committed: Committed) -> None:
        before, events, after, _ = committed
        if after.run_id != self._run_id:
            return
        followed = before is not None and before.version == self._state.version
        self._state = after
        if not followed:
            self._catch_up()
            return
        for event in events:
            self._follow(event)
        if any(event.kind in _UNDOING for event in events):
            self._tasks.give_up(self._is_current)
        if not self._tasks:
            self._wake.set()

    def _follow(self, event: Event) -> None:
        state = self._state
        match event:
            case NodeStarted(node_id=node_id, attempt=attempt) if self._is_current((node_id, attempt)):
                if state.kind_of(node_id) != "human":
                    self._invoke(invocation(state, node_id))
            case PlanRequested() if state.handshake is not None and state.handshake.request_id == event.request_id:
                self._ask(CallPlanner(planner_request(state)))
            case _:
                pass

    def _catch_up(self) -> None:
        """Bring the tasks in line with what the run waits for."""
        self._tasks.give_up(self._is_current)
        for effect in outstanding(self._state):
            match effect:
                case InvokeCapability():
                    self._invoke(effect)
                case CallPlanner():
                    self._ask(effect)
                case _:
                    pass
        if not self._tasks:
            self._wake.set()

    def _invoke(self, effect: InvokeCapability) -> None:
        envelope = self._state.envelope
        work = partial(invoke, self._registry, self._ledger.clock, effect, self._run_id, envelope)
        self._tasks.begin((effect.node_id, effect.attempt), work)

    def _ask(self, effect: CallPlanner) -> None:
        work = partial(ask_planner, self._planner, effect.request, self._planner_timeout_s)
        self._tasks.begin((effect.request.request_id, 0), work)

    def _is_current(self, key: Key) -> bool:
        name, attempt = key
        if self._state.is_final:
            return False
        if attempt == 0:
            return self._state.handshake is not None and self._state.handshake.request_id == name
        node = self._state.nodes.get(name)
        return node is not None and node.status == "running" and node.attempt == attempt
