"""Anything may happen to a run, in any order: what semantics promise holds after every single commit."""

from collections.abc import Iterator
from typing import Any

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


class RunMachine(RuleBasedStateMachine):
    """One run, two writers, a clock, and a hostile world; `World.send` checks every law after every commit."""

    world: World

    @initialize(envelope=envelopes(), flags=FLAGS, nodes=st.one_of(plan_nodes(), plan_nodes(), st.none()))
    def submit(self, envelope: dict[str, Any], flags: dict[str, bool], nodes: list[dict[str, Any]] | None) -> None:
        """Start the run, mostly with a plan at once."""
        self.world = World(envelope, CATALOG, cmd.Flags.model_validate(flags))
        self.outcomes: list[cmd.RecordOutcome] = []
        self.requests = [self._request()]
        if nodes is not None:
            self._answer({"type": "draft", "nodes": nodes}, 0)

    @precondition(lambda self: self.world.state.is_final)
    @rule(envelope=envelopes(), flags=FLAGS, nodes=plan_nodes())
    def submit_another(self, envelope: dict[str, Any], flags: dict[str, bool], nodes: list[dict[str, Any]]) -> None:
        """Nothing can be done to a run that has ended; another one begins."""
        for command in self._anything():
            assert isinstance(self.world.send(command), InvalidRunState)
        self.submit(envelope, flags, nodes)

    def _open(self) -> bool:
        return not self.world.state.is_final

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

    def _request(self) -> str:
        shake = self.world.state.handshake
        return shake.request_id if shake else "none"

    def _answer(self, answer: Any, writer: int, request: str | None = None) -> None:
        world = self.world
        parsed = PlannerAnswer.model_validate({"answer": answer}).answer
        world.send(
            cmd.AnswerPlanner(**world.common("planner"), request_id=request or self._request(), answer=parsed), writer
        )
        self.requests.append(self._request())

    def _record(self, node: str, attempt: int, outcome: dict[str, Any], writer: int) -> None:
        world = self.world
        command = cmd.RecordOutcome.model_validate(
            {**world.common("driver"), "node_id": node, "attempt": attempt, "outcome": outcome}
        )
        world.send(command, writer)
        self.outcomes.append(command)
        self.requests.append(self._request())

    def _working(self) -> list[str]:
        state = self.world.state
        return (
            [name for name in state.in_plan_order(state.running) if state.kind_of(name) != "human"]
            if state.plan
            else []
        )

    @precondition(lambda self: self._open() and self._working())
    @rule(data=st.data(), pick=PICK, writer=WRITER)
    def deliver(self, data: st.DataObject, pick: int, writer: int) -> None:
        """A capability answers."""
        names = self._working()
        node = names[pick % len(names)]
        outcome = data.draw(results(self.world.state.node_of(node).capability))
        self._record(node, self.world.state.nodes[node].attempt, outcome, writer)

    @precondition(lambda self: self._open() and self._working())
    @rule(pick=PICK, writer=WRITER, value=VALUES)
    def deliver_well(self, pick: int, writer: int, value: dict[str, Any]) -> None:
        """A capability answers as it should."""
        names = self._working()
        node = names[pick % len(names)]
        outputs = dict.fromkeys(self.world.state.capability_of(node).outputs, value)
        self._record(node, self.world.state.nodes[node].attempt, {"type": "result", "outputs": outputs}, writer)

    @precondition(lambda self: self._open() and self.outcomes)
    @rule(pick=PICK, writer=WRITER)
    def deliver_again(self, pick: int, writer: int) -> None:
        """The same outcome comes twice."""
        earlier = self.outcomes[pick % len(self.outcomes)]
        self.world.send(earlier.model_copy(update=self.world.common("driver")), writer)

    @precondition(lambda self: self._open())
    @rule(data=st.data(), writer=WRITER, pick=PICK, quality=st.sampled_from(["good", "good", "random"]))
    def go_on(self, data: st.DataObject, writer: int, pick: int, quality: str) -> None:
        """What the run waits for happens: planner, capability, human, operator or time."""
        state = self.world.state
        if state.handshake is not None and quality == "good":
            self.plan(writer)
        elif state.handshake is not None:
            how = data.draw(st.sampled_from(["delta", "delta", "decline", "crash"]))
            self.plan_badly(data, writer, how)
        elif self._working() and quality == "good":
            self.deliver_well(pick, writer, data.draw(VALUES))
        elif self._working():
            self.deliver(data, pick, writer)
        elif state.paused:
            self.resume(writer)
        elif state.open_requests:
            self.decide(pick % len(state.open_requests), writer, data.draw(st.booleans()), data.draw(EDITS))
        else:
            self.wait_for_timer(writer)

    @precondition(lambda self: self._open())
    @rule(data=st.data(), writer=WRITER, pick=PICK)
    def go_on_well(self, data: st.DataObject, writer: int, pick: int) -> None:
        """What the run waits for happens as it should."""
        self.go_on(data, writer, pick, "good")

    @precondition(lambda self: self._open())
    @rule(data=st.data(), writer=WRITER, pick=PICK)
    def go_on_badly(self, data: st.DataObject, writer: int, pick: int) -> None:
        """What the run waits for happens somehow."""
        self.go_on(data, writer, pick, "random")

    @precondition(lambda self: self._open() and self._started())
    @rule(data=st.data(), pick=PICK, attempt=st.integers(0, 2), writer=WRITER)
    def deliver_late(self, data: st.DataObject, pick: int, attempt: int, writer: int) -> None:
        """Some attempt answers, long undone or never started."""
        state = self.world.state
        names = self._started()
        name = names[pick % len(names)]
        node = state.nodes.get(name) or state.removed[name].state
        if name in state.running and state.kind_of(name) == "human":
            return  # nobody invokes a human node
        self._record(name, max(node.attempt + 1 - attempt, 1), data.draw(results("write")), writer)

    def _started(self) -> list[str]:
        gone = {name: removed.state for name, removed in self.world.state.removed.items()}
        nodes = {**gone, **self.world.state.nodes}
        return sorted(name for name, node in nodes.items() if node.attempt)

    @precondition(lambda self: self._open() and self.world.state.handshake)
    @rule(writer=WRITER)
    def plan(self, writer: int) -> None:
        """The built-in planner answers; the same request twice gets the same answer."""
        request = planner_request(self.world.state)
        answer = plan_answer(request)
        assert answer == plan_answer(request)
        self._answer(answer, writer)

    @precondition(lambda self: self._open() and self.world.state.handshake)
    @rule(data=st.data(), writer=WRITER, how=st.sampled_from(["delta", "delta", "delta", "decline", "crash", "draft"]))
    def plan_badly(self, data: st.DataObject, writer: int, how: str) -> None:
        """A planner answers what came into its mind."""
        state = self.world.state
        if how == "decline":
            self._answer(Decline(reason="no idea"), writer)
        elif how == "crash":
            self._answer(Crashed(reason="boom"), writer)
        elif how == "draft" or state.plan is None:
            self._answer({"type": "draft", "nodes": data.draw(plan_nodes())}, writer)
        else:
            self._answer(data.draw(deltas(tuple(node.id for node in state.plan.nodes))), writer)

    @precondition(lambda self: self._open())
    @rule(pick=PICK, writer=WRITER)
    def plan_late(self, pick: int, writer: int) -> None:
        """A planner answers a request of yesterday."""
        self._answer(Decline(reason="late"), writer, self.requests[pick % len(self.requests)])

    @precondition(lambda self: self._open() and self.world.state.requests)
    @rule(
        pick=PICK,
        writer=WRITER,
        approve=st.booleans(),
        edits=EDITS,
    )
    def decide(self, pick: int, writer: int, approve: bool, edits: dict[str, Any]) -> None:
        """Somebody decides a request, open or not."""
        state = self.world.state
        known = [*state.open_requests, *state.open_requests, *sorted(state.requests)]
        self.world.send(
            cmd.ResolveHitl(
                **self.world.common("lead"),
                request_id=known[pick % len(known)],
                decision="approve" if approve else "reject",
                note=None,
                edits=edits,
            ),
            writer,
        )

    @precondition(lambda self: self._open() and self.world.state.open_requests)
    @rule(writer=WRITER)
    def approve_all(self, writer: int) -> None:
        """Somebody says yes to everything, with what a human node wants."""
        state = self.world.state
        for request_id in state.open_requests:
            node, policy = state.requests[request_id].node, state.requests[request_id].policy_id
            edits = dict.fromkeys(state.capability_of(node).outputs, 7) if node and policy is None else {}
            self.world.send(
                cmd.ResolveHitl(**self.world.common("lead"), request_id=request_id, decision="approve", edits=edits),
                writer,
            )

    @precondition(lambda self: self._open() and self.world.state.is_active)
    @rule(writer=WRITER)
    def pause(self, writer: int) -> None:
        """Somebody pauses."""
        self.world.send(cmd.PauseRun(**self.world.common("operator"), reason="lunch"), writer)

    @precondition(lambda self: self._open())
    @rule(writer=WRITER)
    def resume(self, writer: int) -> None:
        """Somebody resumes."""
        self.world.send(cmd.ResumeRun(**self.world.common("operator")), writer)

    @precondition(lambda self: self._open() and len(self.world.commits) > 20)
    @rule(writer=WRITER)
    def cancel(self, writer: int) -> None:
        """Somebody gives up."""
        self.world.send(cmd.CancelRun(**self.world.common("operator")), writer)

    @precondition(lambda self: self._open())
    @rule(writer=WRITER, pick=PICK)
    def trigger(self, writer: int, pick: int) -> None:
        """Somebody fires a directive by hand, mostly a manual one."""
        context = self.world.state.context
        known = [one.id for one in context.hearing.get("manual", ())] * 9 + [*context.by_id, "nobody"]
        self.world.send(cmd.TriggerPolicy(**self.world.common("operator"), policy_id=known[pick % len(known)]), writer)

    @precondition(lambda self: self._open())
    @rule(
        writer=WRITER,
        node=st.sampled_from([None, None, "a", "b", "nobody"]),
        metrics=st.sampled_from([{"q": 0.1}, {"q": 0.9}, {"s": 0.1}]),
    )
    def signal(self, writer: int, node: str | None, metrics: dict[str, float]) -> None:
        """A measure comes from outside."""
        signal = SignalEnvelope(metrics=metrics, node=node)
        self.world.send(cmd.ReceiveSignal(**self.world.common("outside"), signal=signal), writer)

    @precondition(lambda self: self._open())
    @rule(writer=WRITER, duration_ms=st.sampled_from([1.0, 250.0, 1000.0, 100000.0]), fire=st.booleans())
    def wait(self, writer: int, duration_ms: float, fire: bool) -> None:
        """Time passes; what is due fires now, or before the next command."""
        self.world.wait(duration_ms)
        if fire:
            self.world.fire_due(writer)

    @precondition(lambda self: self._open())
    @rule(writer=WRITER)
    def wait_for_timer(self, writer: int) -> None:
        """Time passes until the next timer is due."""
        self.world.wait_for_timer()
        self.world.fire_due(writer)

    @precondition(lambda self: self._open() and self.world.state.timers)
    @rule(writer=WRITER, pick=PICK)
    def fire_early(self, writer: int, pick: int) -> None:
        """A timer is fired before its time, or once more: nothing happens."""
        timers = self.world.state.timers
        if timers[pick % len(timers)].due_at > self.world.clock.at:
            made = len(self.world.commits)
            self.world.send(self.world.ledgers[writer].firing(self.world.state, timers[pick % len(timers)].id), writer)
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

    @precondition(lambda self: self._open())
    @rule(writer=WRITER, snapshot=st.booleans())
    def crash(self, writer: int, snapshot: bool) -> None:
        """A process dies and comes back."""
        self.world.crash(writer, snapshot=snapshot)


TestRunMachine = RunMachine.TestCase
TestRunMachine.settings = PROFILE
