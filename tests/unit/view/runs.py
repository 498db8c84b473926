"""Real runs, decided command by command, that views are tested on."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flexes.envelope.capability import Capability, Catalog, Facet
from flexes.ids import Instant, derived_run_id, plus_ms
from flexes.plan.handshake import Decline, PlannerAnswer
from flexes.policy.envelope import TaskEnvelope
from flexes.policy.normalize import normalize
from flexes.policy.signal import SignalEnvelope, Validation
from flexes.run import commands as cmd
from flexes.run.decide import decided_commit
from flexes.run.events import Event
from flexes.run.evolve import evolve
from flexes.run.state import State
from flexes.store.codec import decode, encode
from flexes.store.port import Row
from flexes.view.frame import Frame
from flexes.view.frames import frames_of

START = Instant("2026-01-01T00:00:00.000000Z")
RUN = derived_run_id("view tests")
Document = dict[str, Any]

CATALOG = Catalog(
    capabilities=(
        Capability(id="writer", inputs=("brief",), outputs=("copy",), cost=0.5, fallbacks=("writer.lite",)),
        Capability(id="writer.lite", inputs=("brief",), outputs=("copy",), cost=0.25),
        Capability(id="editor", inputs=("copy",), outputs=("copy",), tags=("rewrite",)),
        Capability(id="review", kind="validation", inputs=("copy",), outputs=("report",)),
        Capability(id="sign", kind="human", inputs=("copy",), outputs=("signature",), timeout_ms=5000.0),
    ),
    facets={"copy": Facet(json_schema={"type": "object"})},
)
TWO: list[Document] = [
    {"id": "A", "capability": "writer", "stage": "draft"},
    {"id": "B", "capability": "review", "dependsOn": ["A"]},
]
COPY = cmd.Result(outputs={"copy": {"text": "hello", "apiKey": "k-1"}}, metrics={"quality": 0.5}, cost=0.5)
REPORT = cmd.Result(outputs={"report": {"score": 0.5}}, validation=Validation(ok=True))
FAILURE = cmd.Failure(error="model unavailable", retryable=True)


class Run:
    """A run and the states between its events."""

    def __init__(self, *directives: Document, policies: Mapping[str, Any] | None = None) -> None:
        self.state: State | None = None
        self.events: list[Event] = []
        document = {
            "objective": "a campaign",
            "inputs": {"brief": {"topic": "tea", "token": "t-1"}},
            "outputContract": {"mode": "facets", "facets": ["copy"]},
            "policies": {**(policies or {}), "runtime": list(directives)},
            "metadata": {"correlationId": "corr-1"},
        }
        envelope = TaskEnvelope.model_validate(document)
        context = normalize(envelope.policies, CATALOG, frozenset(envelope.inputs))
        self.do(cmd.StartRun, envelope=envelope.wire(), context=context, catalog=CATALOG)

    @property
    def now(self) -> State:
        """The state after the last event."""
        assert self.state is not None
        return self.state

    def do(self, kind: type[cmd.CommandBase], after_ms: float = 1.0, **fields: Any) -> "Run":
        """Give a command, a little later than the last one."""
        at = plus_ms(self.now.at, after_ms) if self.state else START
        command: Any = kind(run_id=RUN, id=f"command-{len(self.events)}", at=at, **fields)
        events, self.state = decided_commit(self.state, command)
        self.events += events
        return self

    def planned(self, nodes: list[Document] = TWO) -> "Run":
        """Answer the planner's request with a draft."""
        return self.answered({"nodes": nodes, "rationale": "two steps"})

    def answered(self, answer: Document) -> "Run":
        """Answer the planner's open request."""
        assert self.now.handshake is not None
        found = PlannerAnswer.model_validate({"answer": answer}).answer
        return self.do(cmd.AnswerPlanner, request_id=self.now.handshake.request_id, answer=found, actor="planner")

    def declined(self, reason: str) -> "Run":
        """Let the planner decline."""
        assert self.now.handshake is not None
        request_id = self.now.handshake.request_id
        return self.do(cmd.AnswerPlanner, request_id=request_id, answer=Decline(reason=reason), actor="planner")

    def ran(self, node: str, outcome: cmd.Result | cmd.Failure, attempt: int = 1) -> "Run":
        """Record what a node's attempt came to."""
        return self.do(cmd.RecordOutcome, node_id=node, attempt=attempt, outcome=outcome, actor="driver")

    def decided(self, decision: str, **fields: Any) -> "Run":
        """Decide the open human request."""
        request_id = self.now.open_requests[0]
        return self.do(cmd.ResolveHitl, request_id=request_id, decision=decision, actor="lead", **fields)

    def fired(self, kind: str) -> "Run":
        """Let the first timer of this kind come due."""
        timer = next(timer for timer in self.now.timers if timer.kind == kind)
        return self.do(cmd.FireTimer, after_ms=100_000.0, timer_id=timer.id)

    def steps(self) -> Iterator[tuple[Event, State | None, State]]:
        """Yield each event with the states around it."""
        return folded(self.events)

    def frames(self) -> list[Frame]:
        """Return the frames of the run."""
        return [frame for step in self.steps() for frame in frames_of(*step)]

    def frame(self, type_: str, place: int = 0) -> Frame:
        """Return a frame of this type."""
        return [frame for frame in self.frames() if frame.type == type_][place]


def folded(events: list[Event]) -> Iterator[tuple[Event, State | None, State]]:
    """Yield each event with the states around it."""
    before = None
    for event in events:
        after = evolve(before, event)
        yield event, before, after
        before = after


def loaded(events: list[Event]) -> list[Event]:
    """Return the events as they come back from a store."""
    stored = (encode(event) for event in events)
    return [decode(Row(0, new.run_id, new.version, new.type, new.data, b"")) for new in stored]


def directive(action: Document, **fields: Any) -> Document:
    """Return a directive named `policy` with this action."""
    return {"id": "policy", "action": action, **fields}


def on_node(node: str, kind: str = "onNodeComplete") -> Document:
    """Return a trigger that looks at one node."""
    return {"kind": kind, "selector": {"node": node}}


def completed() -> Run:
    """A run without policies that completes."""
    return Run().planned().ran("A", COPY).ran("B", REPORT)


def went_back() -> Run:
    """A goto while another branch runs; the late result of that branch comes."""
    run = Run(directive({"type": "goto", "next": "A"}, trigger=on_node("B", "onNodeFail")))
    run.planned([*TWO, {"id": "C", "capability": "editor", "dependsOn": ["A"]}])
    return run.ran("A", COPY).ran("B", FAILURE).ran("C", COPY)


def backed_off() -> Run:
    """A goto with a backoff, whose timer comes due, and that is then exhausted."""
    run = Run(directive({"type": "goto", "next": "A", "backoff": {}}, trigger=on_node("B")))
    run.planned().ran("A", COPY).ran("B", REPORT).fired("backoff")
    return run.ran("A", COPY, 2).ran("B", REPORT, 2)


def rewritten() -> Run:
    """A replan: one answer refused, the next accepted, the rewrite completed."""
    action = {"type": "replan", "intent": "rewrite", "target": "A", "rationale": "better"}
    run = Run(directive(action, trigger=on_node("B"))).planned().ran("A", COPY).ran("B", REPORT)
    run.answered({"add": [{"id": "X", "capability": "nobody"}]})
    add = {"id": "A~rewrite1", "capability": "editor", "dependsOn": ["A", "B"], "copyOf": "A"}
    return run.answered({"add": [add], "rationale": "once more"}).ran("A~rewrite1", COPY)


def approved() -> Run:
    """A human gate, paused meanwhile, approved with edits; an outside signal waits; then it is cancelled."""
    actions = {"approveAction": {"type": "emit", "event": "seen", "payload": {"password": "p-1", "n": None}}}
    run = Run(directive({"type": "hitl", "rationale": "legal", **actions}, trigger=on_node("A"))).planned()
    run.ran("A", COPY).do(cmd.PauseRun, reason="lunch", actor="ops")
    run.do(cmd.ReceiveSignal, signal=SignalEnvelope(metrics={"sentiment": 0.5}, node="A"))
    run.decided("approve", note="fine", edits={"copy": {"text": "edited"}})
    return run.do(cmd.ResumeRun, actor="ops").do(cmd.CancelRun, reason="no longer needed", actor="ops")


def held_back() -> Run:
    """A manual directive pauses; a guard rail holds back a replan, which fails the run."""
    replan = {"type": "replan", "intent": "rewrite", "target": "A"}
    run = Run(
        directive(replan, trigger=on_node("B")),
        {"id": "stop", "trigger": {"kind": "manual"}, "action": {"type": "pause", "reason": "by hand"}},
        policies={"guardRails": {"maxReplans": 0}},
    )
    run.planned().do(cmd.TriggerPolicy, policy_id="stop", actor="ops").do(cmd.ResumeRun)
    return run.ran("A", COPY).ran("B", REPORT)


def broken_output() -> Run:
    """An output that breaks its contract fails the run."""
    return Run().planned().ran("A", cmd.Result(outputs={"copy": 1, "extra": 2}))


def signed() -> Run:
    """A human node asks for its outputs and gets them."""
    nodes = [TWO[0], {"id": "S", "capability": "sign", "dependsOn": ["A"]}]
    return Run().planned(nodes).ran("A", COPY).decided("approve", edits={"signature": "ok"})


RUNS: Mapping[str, Callable[[], Run]] = {
    found.__name__: found
    for found in (completed, went_back, backed_off, rewritten, approved, held_back, broken_output, signed)
}
"""Runs that together hold every event type."""
