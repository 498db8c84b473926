"""A scripted run on a virtual clock: a discrete simulation over the same decisions that a live run makes.

At equal instants: due timers, node results in plan order, planner answers, humans, then outside steps (semantics 7).
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from flexes.errors import CommandRejected, InvalidDocument, RunExists
from flexes.ids import Instant, RunId, derived_run_id, plus_ms
from flexes.plan.handshake import Crashed, Decline, Delta, Draft
from flexes.plan.planner import plan_answer
from flexes.policy.context import PolicyContext
from flexes.policy.envelope import TaskEnvelope
from flexes.run import commands as cmd
from flexes.run.effects import InvokeCapability
from flexes.run.events import NodeStarted, PlanRequested
from flexes.run.outstanding import invocation, planner_request
from flexes.run.state import State
from flexes.scenario.model import Scenario, ScriptedDecision, ScriptedOutcome, Step
from flexes.scenario.virtual import VirtualClock
from flexes.shell.invoke import answer_of
from flexes.shell.ledger import Committed, Ledger
from flexes.shell.submission import checked_envelope
from flexes.store.memory import MemoryStore
from flexes.store.port import Store

UNSCRIPTED = ScriptedOutcome(error="the scenario has no script for this capability")
MAX_TURNS = 100_000
"""Turns of one simulation; guard rails end every run long before."""


class InFlight(NamedTuple):
    """An invocation that will finish; sorts by instant, then plan order."""

    finish_at: Instant
    place: int
    node: str
    attempt: int
    outcome: cmd.Result | cmd.Failure


class Simulation(NamedTuple):
    """What a simulation came to: the final state, its commits, and the outside actions that were refused."""

    state: State
    commits: tuple[Committed, ...]
    refused: tuple[dict[str, Any], ...]


def simulate(
    scenario: Scenario, store: Store | None = None, observer: Callable[[Committed], None] | None = None
) -> Simulation:
    """Run a scenario until it ends, or rests with nothing left that could move it.

    Args:
        store: Where to keep the run; None for memory. The run id comes from the scenario alone.
        observer: Is told of each commit as it is made.

    Raises:
        InvalidDocument: The envelope is refused.
        RunExists: The store already holds this simulation.
    """
    simulator = _Simulator(scenario, store or MemoryStore(), observer)
    simulator.start()
    simulator.go()
    return Simulation(simulator.state, tuple(simulator.commits), tuple(simulator.refused))


def scenario_run_id(scenario: Scenario) -> RunId:
    """Return the run id that belongs to a scenario's content."""
    document = scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return derived_run_id("scenario\x1f" + orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode())


class _Simulator:
    def __init__(self, scenario: Scenario, store: Store, observer: Callable[[Committed], None] | None) -> None:
        self.scenario = scenario
        self.run_id = scenario_run_id(scenario)
        self.clock = VirtualClock(self.run_id)
        self.ledger = Ledger(store, self.clock)
        self.commits: list[Committed] = []
        self.refused: list[dict[str, Any]] = []
        self._observer = observer
        self._scripts = {found.id: found.script for found in scenario.capabilities}
        self._invocations: Counter[str] = Counter()
        self._flying: list[InFlight] = []
        self._humans: deque[ScriptedDecision] = deque(scenario.humans)
        self._steps: deque[Step] = deque(scenario.steps)
        self._answers: deque[Mapping[str, Any]] = deque(scenario.planner or ())
        self._asked = False
        self.ledger.observers.append(self._follow)

    @property
    def state(self) -> State:
        return self.commits[-1].after

    def start(self) -> None:
        if self.ledger.load(self.run_id) is not None:
            raise RunExists(f"this store already holds the simulation, as run {self.run_id}", run_id=self.run_id)
        envelope, context = _submitted(self.scenario)
        command = cmd.StartRun(
            **self._common("system"),
            envelope=envelope.wire(),
            context=context,
            catalog=self.scenario.catalog,
            flags=self.scenario.flags,
        )
        self.ledger.apply_now(command)

    def go(self) -> None:
        for _ in range(MAX_TURNS):
            if not (self._timer_or_result() or self._planner() or self._human() or self._later() or self._step()):
                return

    def _timer_or_result(self) -> bool:
        """Apply a timer that is due now, else record a result of this instant."""
        state, now = self.state, self.clock.now()
        if state.timers and state.timers[0].due_at <= now:
            self.ledger.apply_now(self.ledger.firing(state, state.timers[0].id))
            return True
        if self._flying and self._flying[0].finish_at <= now:
            self._land(self._flying.pop(0))
            return True
        return False

    def _later(self) -> bool:
        """Let time pass until the next timer or result; nothing of the kind is left after the end."""
        moments = [Instant(timer.due_at) for timer in self.state.timers[:1]]
        moments += [flight.finish_at for flight in self._flying[:1]]
        if not moments or self.state.is_final:
            return False
        self.clock.move_to(min(moments))
        return True

    def _land(self, flight: InFlight) -> None:
        command = cmd.RecordOutcome(
            **self._common("driver"), node_id=flight.node, attempt=flight.attempt, outcome=flight.outcome
        )
        self._try({"result": flight.node, "attempt": flight.attempt}, command)

    def _planner(self) -> bool:
        state = self.state
        if not self._asked or state.handshake is None:
            return False
        self._asked = False
        answer = self._answer(state)
        command = cmd.AnswerPlanner(**self._common("planner"), request_id=state.handshake.request_id, answer=answer)
        self.ledger.apply_now(command)
        return True

    def _answer(self, state: State) -> Draft | Delta | Decline | Crashed:
        if state.plan is None and self.scenario.plan is not None:
            return Draft.model_validate(self.scenario.plan.model_dump(exclude_unset=True))
        if state.plan is None or self.scenario.planner is None:
            return plan_answer(planner_request(state))
        if not self._answers:
            return Decline(reason="the scenario has no further planner answer")
        scripted = self._answers.popleft()
        if "raise" in scripted:
            return Crashed(reason=str(scripted["raise"]))
        return answer_of(scripted)

    def _human(self) -> bool:
        state = self.state
        if not self._humans or not state.open_requests:
            return False
        decision = self._humans.popleft()
        command = cmd.ResolveHitl(
            **self._common(decision.by),
            request_id=state.open_requests[0],
            decision=decision.decision,
            note=decision.note,
            edits=decision.edits,
        )
        self._try({"human": decision.wire()}, command)
        return True

    def _step(self) -> bool:
        if not self._steps:
            return False
        step = self._steps.popleft()
        self._try(step.wire(), self._step_command(step))
        return True

    def _step_command(self, step: Step) -> cmd.Command:
        common = self._common("outside" if step.signal else "operator")
        if step.signal is not None:
            return cmd.ReceiveSignal(**common, signal=step.signal)
        if step.trigger is not None:
            return cmd.TriggerPolicy(**common, policy_id=step.trigger)
        if "pause" in step.model_fields_set:
            return cmd.PauseRun(**common, reason=step.pause)
        if "cancel" in step.model_fields_set:
            return cmd.CancelRun(**common, reason=step.cancel)
        return cmd.ResumeRun(**common)

    def _try(self, action: dict[str, Any], command: cmd.Command) -> None:
        try:
            self.ledger.apply_now(command)
        except CommandRejected as error:
            if not isinstance(command, cmd.RecordOutcome):
                self.refused.append({**action, "code": error.code, "message": str(error)})

    def _common(self, actor: str) -> dict[str, Any]:
        command_id = self.clock.new_command_id()
        return {"run_id": self.run_id, "id": command_id, "at": self.clock.now(), "actor": actor}

    def _follow(self, committed: Committed) -> None:
        self.commits.append(committed)
        if self._observer is not None:
            self._observer(committed)
        for event in committed.events:
            if isinstance(event, PlanRequested):
                self._asked = True
            elif isinstance(event, NodeStarted) and committed.after.kind_of(event.node_id) != "human":
                self._take_off(invocation(committed.after, event.node_id))

    def _take_off(self, effect: InvokeCapability) -> None:
        scripted = self._scripted(effect.capability_id)
        state = self.commits[-1].after
        assert state.plan is not None
        duration = scripted.latency_ms
        if duration is None:
            duration = state.catalog.by_id[effect.capability_id].latency_ms
        place = state.plan.graph.index[effect.node_id]
        finish_at = plus_ms(self.clock.now(), duration)
        outcome = _outcome(scripted)
        self._flying.append(InFlight(finish_at, place, effect.node_id, effect.attempt, outcome))
        self._flying.sort(key=lambda flight: flight[:4])

    def _scripted(self, capability_id: str) -> ScriptedOutcome:
        script = self._scripts[capability_id] or (UNSCRIPTED,)
        position = min(self._invocations[capability_id], len(script) - 1)
        self._invocations[capability_id] += 1
        return script[position]


def _submitted(scenario: Scenario) -> tuple[TaskEnvelope, PolicyContext]:
    """Return the checked envelope; its faults point into the scenario."""
    try:
        return checked_envelope(scenario.envelope, scenario.catalog)
    except InvalidDocument as error:
        faults = (replace(problem, pointer="/envelope" + problem.pointer) for problem in error.problems)
        raise InvalidDocument(faults, "scenario") from None


def _outcome(scripted: ScriptedOutcome) -> cmd.Result | cmd.Failure:
    common: dict[str, Any] = {
        "cost": scripted.cost,
        "latency_ms": scripted.latency_ms,
        "metrics": scripted.metrics,
    }
    if scripted.error is not None:
        return cmd.Failure(error=scripted.error, retryable=scripted.retryable, **common)
    return cmd.Result(outputs=scripted.outputs, validation=scripted.validation, **common)
