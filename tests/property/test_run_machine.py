"""Anything may happen to a run, in any order: what semantics promise holds after every single commit.

`SteadyRun` mostly lets happen what the run waits for, so that it gets far; `HostileRun` adds everything else: processes
that die, results that come late, twice or never, people who change their mind, and a clock that jumps.
"""

from collections.abc import Iterator
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.property.run_world import World
from tests.property.strategies_run import CATALOG, FLAGS, PROFILE, VALUES, deltas, envelopes, plan_nodes, results

from flexes.errors import InvalidRunState
from flexes.plan.handshake import Crashed, Decline, PlannerAnswer
from flexes.plan.planner import plan_answer
from flexes.policy.signal import SignalEnvelope
from flexes.run import commands as cmd
from flexes.run.outstanding import planner_request

PICK = st.integers(0, 50)
WRITER = st.integers(0, 1)
EDITS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {"copy": 1}, {"approval": True}, {"copy": 2, "review": 5}, {"notes": {}, "final": {}}]
)
MEASURES = st.sampled_from([{"q": 0.1}, {"q": 0.9}, {"s": 0.1}])
STEPS = st.sampled_from(["well"] * 6 + ["somehow"] * 5 + ["signal", "trigger", "timer", "timer"])


class SteadyRun(RuleBasedStateMachine):
    """One run, two writers and a clock; `World.send` checks every law after every commit."""

    world: World

    @initialize(envelope=envelopes(), flags=FLAGS, nodes=st.one_of(plan_nodes(), plan_nodes(), st.none()))
    def submit(self, envelope: dict[str, Any], flags: dict[str, bool], nodes: list[dict[str, Any]] | None) -> None:
        """Start the run, mostly with a plan at once."""
        self.world = World(envelope, CATALOG, cmd.Flags.model_validate(flags))
        self.outcomes: list[cmd.RecordOutcome] = []
        self.requests = [self._request()]
        if nodes is not None:
            self._answer({"type": "draft", "nodes": nodes}, 0)

    @rule(data=st.data(), writer=WRITER, pick=PICK, step=STEPS)
    def go_on(self, data: st.DataObject, writer: int, pick: int, step: str) -> None:
        """Mostly what the run waits for happens, well or badly; sometimes something from outside. After the end of a
        run another one begins.
        """
        match step:
            case _ if not self._open():
                self._submit_another(data)
            case "signal":
                self._signal(writer, data.draw(st.sampled_from([None, None, "a", "b", "nobody"])), data.draw(MEASURES))
            case "trigger":
                self._trigger(writer, pick)
            case "timer":
                self._wait_for_timer(writer)
            case _:
                self._move(data, writer, pick, well=step == "well")

    def _submit_another(self, data: st.DataObject) -> None:
        for command in self._anything():
            assert isinstance(self.world.send(command), InvalidRunState), "something could be done to an ended run"
        self.submit(data.draw(envelopes()), data.draw(FLAGS), data.draw(plan_nodes()))

    def _open(self) -> bool:
        return not self.world.state.is_final

    def _request(self) -> str:
        shake = self.world.state.handshake
        return shake.request_id if shake else "none"

    def _working(self) -> list[str]:
        state = self.world.state
        names = state.in_plan_order(state.running) if state.plan else []
        return [name for name in names if state.kind_of(name) != "human"]

    def _move(self, data: st.DataObject, writer: int, pick: int, *, well: bool) -> None:
        state = self.world.state
        if state.handshake is not None:
            self._plan(data, writer, well=well)
        elif self._working():
            self._deliver(data, writer, pick, well=well)
        elif state.paused:
            self._resume(writer)
        elif state.open_requests:
            request = state.open_requests[pick % len(state.open_requests)]
            self._decide(request, writer, data.draw(st.booleans()), data.draw(EDITS))
        else:
            self._wait_for_timer(writer)

    def _plan(self, data: st.DataObject, writer: int, *, well: bool) -> None:
        state = self.world.state
        how = (
            "built-in" if well else data.draw(st.sampled_from(["delta", "delta", "delta", "decline", "crash", "draft"]))
        )
        match how:
            case "built-in":
                request = planner_request(state)
                answer: Any = plan_answer(request)
                assert answer == plan_answer(request), "the same request got two answers"
            case "decline":
                answer = Decline(reason="no idea")
            case "crash":
                answer = Crashed(reason="boom")
            case "delta" if state.plan is not None:
                answer = data.draw(deltas(tuple(node.id for node in state.plan.nodes)))
            case _:
                answer = {"type": "draft", "nodes": data.draw(plan_nodes())}
        self._answer(answer, writer)

    def _answer(self, answer: Any, writer: int, request: str | None = None) -> None:
        world = self.world
        parsed = PlannerAnswer.model_validate({"answer": answer}).answer
        command = cmd.AnswerPlanner(**world.common("planner"), request_id=request or self._request(), answer=parsed)
        world.send(command, writer)
        self.requests.append(self._request())

    def _deliver(self, data: st.DataObject, writer: int, pick: int, *, well: bool) -> None:
        names = self._working()
        node = names[pick % len(names)]
        capability = self.world.state.capability_of(node)
        outcome = (
            {"type": "result", "outputs": dict.fromkeys(capability.outputs, data.draw(VALUES)), "metrics": {"q": 0.4}}
            if well
            else data.draw(results(capability.id))
        )
        self._record(node, self.world.state.nodes[node].attempt, outcome, writer)

    def _record(self, node: str, attempt: int, outcome: dict[str, Any], writer: int) -> None:
        fields = {**self.world.common("driver"), "node_id": node, "attempt": attempt, "outcome": outcome}
        command = cmd.RecordOutcome.model_validate(fields)
        self.world.send(command, writer)
        self.outcomes.append(command)
        self.requests.append(self._request())

    def _decide(self, request: str, writer: int, approve: bool, edits: dict[str, Any]) -> None:
        decision: Any = "approve" if approve else "reject"
        common = self.world.common("lead")
        self.world.send(cmd.ResolveHitl(**common, request_id=request, decision=decision, edits=edits), writer)

    def _signal(self, writer: int, node: str | None, metrics: dict[str, float]) -> None:
        signal = SignalEnvelope(metrics=metrics, node=node)
        self.world.send(cmd.ReceiveSignal(**self.world.common("outside"), signal=signal), writer)

    def _trigger(self, writer: int, pick: int) -> None:
        context = self.world.state.context
        known = [one.id for one in context.hearing.get("manual", ())] * 9 + [*context.by_id, "nobody"]
        command = cmd.TriggerPolicy(**self.world.common("operator"), policy_id=known[pick % len(known)])
        self.world.send(command, writer)

    def _wait_for_timer(self, writer: int) -> None:
        self.world.wait_for_timer()
        self.world.fire_due(writer)

    def _resume(self, writer: int) -> None:
        self.world.send(cmd.ResumeRun(**self.world.common("operator")), writer)

    def _anything(self) -> Iterator[cmd.Command]:
        common = self.world.common("operator")
        yield cmd.PauseRun(**common)
        yield cmd.ResumeRun(**common)
        yield cmd.CancelRun(**common)
        yield cmd.FireTimer(**common, timer_id="t")
        yield cmd.TriggerPolicy(**common, policy_id="r0")
        yield cmd.ReceiveSignal(**common, signal=SignalEnvelope(metrics={"q": 0.1}))
        yield cmd.AnswerPlanner(**common, request_id="r", answer=Decline(reason="late"))
        if self.outcomes:
            yield self.outcomes[-1].model_copy(update=common)


class HostileRun(SteadyRun):
    """The same in a hostile world."""

    @rule(data=st.data(), writer=WRITER, pick=PICK, step=STEPS)
    def go_on_again(self, data: st.DataObject, writer: int, pick: int, step: str) -> None:
        """As `go_on`, which a hostile world would leave too little room."""
        self.go_on(data, writer, pick, step)

    def _started(self) -> list[str]:
        gone = {name: removed.state for name, removed in self.world.state.removed.items()}
        return sorted(name for name, node in {**gone, **self.world.state.nodes}.items() if node.attempt)

    @precondition(lambda self: self._open() and self._working())
    @rule(data=st.data(), pick=PICK, writer=WRITER)
    def deliver(self, data: st.DataObject, pick: int, writer: int) -> None:
        """A capability answers, whatever the run is busy with."""
        self._deliver(data, writer, pick, well=False)

    @precondition(lambda self: self._open() and self.outcomes)
    @rule(pick=PICK, writer=WRITER)
    def deliver_again(self, pick: int, writer: int) -> None:
        """The same outcome comes twice."""
        earlier = self.outcomes[pick % len(self.outcomes)]
        self.world.send(earlier.model_copy(update=self.world.common("driver")), writer)

    @precondition(lambda self: self._open() and self._started())
    @rule(data=st.data(), pick=PICK, back=st.integers(0, 2), writer=WRITER)
    def deliver_late(self, data: st.DataObject, pick: int, back: int, writer: int) -> None:
        """Some attempt answers, long undone or never started."""
        state = self.world.state
        names = self._started()
        name = names[pick % len(names)]
        node = state.nodes.get(name) or state.removed[name].state
        if name in state.running and state.kind_of(name) == "human":
            return  # nobody invokes a human node
        self._record(name, max(node.attempt + 1 - back, 1), data.draw(results("write")), writer)

    @rule(pick=PICK, writer=WRITER)
    def plan_late(self, pick: int, writer: int) -> None:
        """A planner answers a request of yesterday."""
        self._answer(Decline(reason="late"), writer, self.requests[pick % len(self.requests)])

    @precondition(lambda self: self._open() and self.world.state.requests)
    @rule(pick=PICK, writer=WRITER, approve=st.booleans(), edits=EDITS)
    def decide(self, pick: int, writer: int, approve: bool, edits: dict[str, Any]) -> None:
        """Somebody decides a request, open or not, also while the run is paused."""
        state = self.world.state
        known = [*state.open_requests, *state.open_requests, *sorted(state.requests)]
        self._decide(known[pick % len(known)], writer, approve, edits)

    @precondition(lambda self: self._open() and self.world.state.is_active)
    @rule(writer=WRITER)
    def pause(self, writer: int) -> None:
        """Somebody pauses."""
        self.world.send(cmd.PauseRun(**self.world.common("operator"), reason="lunch"), writer)

    @rule(writer=WRITER)
    def resume(self, writer: int) -> None:
        """Somebody resumes, paused or not."""
        self._resume(writer)

    @precondition(lambda self: self._open() and len(self.world.commits) > 20)
    @rule(writer=WRITER)
    def cancel(self, writer: int) -> None:
        """Somebody gives up."""
        self.world.send(cmd.CancelRun(**self.world.common("operator")), writer)

    @rule(writer=WRITER, duration_ms=st.sampled_from([1.0, 250.0, 1000.0, 100000.0, -5000.0]), fire=st.booleans())
    def wait(self, writer: int, duration_ms: float, fire: bool) -> None:
        """Time passes, or a clock is set back; what is due fires now, or before the next command."""
        self.world.wait(duration_ms)
        if fire:
            self.world.fire_due(writer)

    @precondition(lambda self: self._open() and self.world.state.timers)
    @rule(writer=WRITER, pick=PICK)
    def fire_early(self, writer: int, pick: int) -> None:
        """A timer that is fired before its time does nothing."""
        timer = self.world.state.timers[pick % len(self.world.state.timers)]
        if timer.due_at > self.world.clock.at:
            made = len(self.world.commits)
            self.world.send(self.world.ledgers[writer].firing(self.world.state, timer.id), writer)
            assert len(self.world.commits) == made

    @precondition(lambda self: self._open() and self.world.given)
    @rule(writer=WRITER, pick=PICK)
    def repeat(self, writer: int, pick: int) -> None:
        """A command of a caller comes again under its id: one effect (semantics 10)."""
        earlier = self.world.given[pick % len(self.world.given)]
        if earlier.id in self.world.state.commands:
            made = len(self.world.commits)
            assert self.world.send(earlier.model_copy(update={"at": self.world.clock.now()}), writer) is None
            assert len(self.world.commits) == made

    @rule(writer=WRITER, snapshot=st.booleans())
    def crash(self, writer: int, snapshot: bool) -> None:
        """A process dies and comes back, whatever has become of the run."""
        self.world.crash(writer, snapshot=snapshot)


TestSteadyRun = SteadyRun.TestCase
TestSteadyRun.settings = settings(PROFILE, stateful_step_count=40)
TestHostileRun = HostileRun.TestCase
TestHostileRun.settings = settings(PROFILE, stateful_step_count=50)
