"""The largest number of executions that any run reaches, by trying every run: real decisions, the built-in planner.

At each point whatever can happen next happens: any running node delivers or fails, a person approves or rejects. Runs
that came to the same point go on alike, so each point is looked at once.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from flexes.envelope.capability import Catalog
from flexes.ids import Instant, derived_run_id
from flexes.plan.handshake import Draft
from flexes.plan.planner import plan_answer
from flexes.policy.selector import base_id
from flexes.run import commands as cmd
from flexes.run.decide import decided_commit
from flexes.run.events import Event, NodeStarted
from flexes.run.outstanding import planner_request
from flexes.run.state import State
from flexes.shell.submission import checked_envelope

RUN = derived_run_id("oracle")
EPOCH = Instant("2026-01-01T00:00:00.000000Z")
OUTCOMES: Mapping[str, Mapping[str, Any]] = {
    "good": {"type": "result", "metrics": {"m": 1.0}, "validation": {"ok": True}},
    "bad": {"type": "result", "metrics": {"m": 0.0}, "validation": {"ok": False}},
    "failed": {"type": "failure", "error": "no", "retryable": True, "metrics": {"m": 0.0}},
}


def most_runs(envelope: Mapping[str, Any], catalog: Catalog, draft: Mapping[str, Any]) -> Counter[str]:
    """Return how often each authored node runs at most, derived ones included."""
    parsed, context = checked_envelope(envelope, catalog)
    start = cmd.StartRun(**_common(0), envelope=parsed.wire(), context=context, catalog=catalog)
    _, state = decided_commit(None, start)
    assert state is not None
    assert state.handshake is not None
    plan = cmd.AnswerPlanner(**_common(1), request_id=state.handshake.request_id, answer=Draft.model_validate(draft))
    return _after(state, plan, {})


def _most(state: State, known: dict[Hashable, Counter[str]]) -> Counter[str]:
    point = _point(state)
    if point not in known:
        most: Counter[str] = Counter()
        for command in _next(state):
            most |= _after(state, command, known)
        known[point] = most
    return known[point]


def _after(state: State, command: cmd.Command, known: dict[Hashable, Counter[str]]) -> Counter[str]:
    events, after = decided_commit(state, command)
    assert events
    assert after is not None
    return _started(events) + _most(after, known)


def _started(events: Sequence[Event]) -> Counter[str]:
    return Counter(base_id(event.node_id) for event in events if isinstance(event, NodeStarted))


def _next(state: State) -> Iterator[cmd.Command]:
    """Yield everything that can happen now; nothing after the end, or when only an operator could go on."""
    if state.is_final:
        return
    common = _common(state.version)
    if state.handshake is not None:
        answer = plan_answer(planner_request(state))
        yield cmd.AnswerPlanner(**common, request_id=state.handshake.request_id, answer=answer)
    for node in state.running:
        for outcome in OUTCOMES.values():
            delivers = (
                {"outputs": dict.fromkeys(state.capability_of(node).outputs, 1)} if "error" not in outcome else {}
            )
            fields = {"node_id": node, "attempt": state.nodes[node].attempt, "outcome": {**outcome, **delivers}}
            yield cmd.RecordOutcome.model_validate({**common, **fields})
    for request in state.open_requests if not state.paused else ():
        for decision in ("approve", "reject"):
            yield cmd.ResolveHitl.model_validate({**common, "request_id": request, "decision": decision})


def _point(state: State) -> Hashable:
    """Return all of a run that decides how it may go on: not when it came here, nor what it cost."""
    counts = {name: (count.attempts, count.replans) for name, count in state.policies.items()}
    nodes = {
        name: (node.status, node.attempt, node.metrics, node.validation, node.error_code, node.hold, node.unanswered)
        for name, node in state.nodes.items()
    }
    inbox = [{key: value for key, value in item.items() if key != "id"} for item in state.inbox]
    return repr(
        (
            state.status, state.plan and state.plan.nodes, sorted(nodes.items()), sorted(counts.items()), inbox,
            sorted(state.rewrites.items()), state.replans, sorted(state.requests), state.open_requests,
            state.policy_requests, state.handshake and state.handshake.intents, state.taken_away,
        )
    )  # fmt: skip


def _common(version: int) -> dict[str, Any]:
    return {"run_id": RUN, "id": f"command-{version}", "at": EPOCH}
