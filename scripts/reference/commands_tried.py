"""What each command comes to in each status, as really tried."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from scripts.reference.markdown import NONE, table
from scripts.reference.moves import STATUSES
from scripts.reference.worlds import DIRECTIVES, worlds
from tests.unit.view.runs import COPY, REPORT, RUN, START, Run

from flexes.errors import CommandRejected
from flexes.plan.handshake import Decline
from flexes.policy.signal import SignalEnvelope
from flexes.run import commands as cmd
from flexes.run.decide import decide
from flexes.run.state import State

Making = Callable[[State], Iterable[tuple[type[cmd.CommandBase], dict[str, Any]]]]


def commands() -> str:
    """Return what each command comes to in each status, as tried."""
    runs = worlds()
    rows = []
    for name, made in _COMMANDS.items():
        tried = (_tried(runs[status], made) for status in STATUSES)
        rows.append((name, _no_run(made), *tried))
    return table(("command", "no run", *STATUSES), rows)


def _tried(runs: Sequence[State], made: Making) -> str:
    """Return all that the command comes to in these states, where what it speaks of exists."""
    found = [_answer(state, kind, fields) for state in runs for kind, fields in made(state)]
    return " or ".join(sorted(set(found))) or NONE


def _answer(state: State | None, kind: type[cmd.CommandBase], fields: Mapping[str, Any]) -> str:
    run_id, at = (state.run_id, state.at) if state else (RUN, START)
    command: Any = kind(**{"run_id": run_id, "id": "a command", "at": at, "actor": "ops", **fields})
    try:
        events = decide(state, command)
    except CommandRejected as refused:
        return f"`{refused.code}`"
    return events[0].kind if events else "nothing"


def _no_run(made: Making) -> str:
    some = Run(*DIRECTIVES).planned()
    some.do(cmd.TriggerPolicy, policy_id="ask")
    found = {_answer(None, kind, fields) for kind, fields in made(some.now)}
    return " or ".join(sorted(found)) or "`run_not_found`"


def _start(_state: State) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    some = Run().now
    envelope = {"objective": "o", "outputContract": {"mode": "freeform"}}
    yield cmd.StartRun, {"envelope": envelope, "context": some.context, "catalog": some.catalog}


def _planner(state: State, *, is_open: bool) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    answer = Decline(reason="cannot help")
    if not is_open:
        yield cmd.AnswerPlanner, {"request_id": "another", "answer": answer}
    elif state.handshake is not None and not state.is_final:
        yield cmd.AnswerPlanner, {"request_id": state.handshake.request_id, "answer": answer}


def _outcome(state: State, *, of: str) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    for node, found in state.nodes.items():
        result = COPY if node == "A" else REPORT
        awaited = found.attempt if of == "awaited" and found.unanswered else 0
        recorded = found.attempt if of == "recorded" and not found.unanswered else 0
        attempt = 99 if of == "never" else awaited or recorded
        if attempt:
            yield cmd.RecordOutcome, {"node_id": node, "attempt": attempt, "outcome": result}


def _timer(state: State, *, is_pending: bool) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    at = "2027-01-01T00:00:00.000000Z"
    if not is_pending:
        yield cmd.FireTimer, {"timer_id": "not pending", "at": at}
    for timer in state.timers if is_pending else ():
        yield cmd.FireTimer, {"timer_id": timer.id, "at": at}


def _decision(state: State, *, of: str) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    known = state.requests.items()
    found = {
        "open": list(state.open_requests),
        "decided": [key for key, request in known if request.decision],
        "lapsed": [key for key, request in known if not request.decision and key not in state.open_requests],
        "unknown": ["nobody's"],
    }
    for request in found[of]:
        yield cmd.ResolveHitl, {"request_id": request, "decision": "approve"}


def _plain(_state: State, kind: type[cmd.CommandBase], **fields: Any) -> Iterator[tuple[type[cmd.CommandBase], Any]]:
    yield kind, fields


_COMMANDS: Final[Mapping[str, Making]] = {
    "StartRun, with the same run id": _start,
    "AnswerPlanner, to the open request": partial(_planner, is_open=True),
    "AnswerPlanner, to another request": partial(_planner, is_open=False),
    "RecordOutcome, of an attempt that is awaited": partial(_outcome, of="awaited"),
    "RecordOutcome, of an attempt that has one": partial(_outcome, of="recorded"),
    "RecordOutcome, of an attempt that never started": partial(_outcome, of="never"),
    "FireTimer, of a timer that is due": partial(_timer, is_pending=True),
    "FireTimer, of one that is not pending": partial(_timer, is_pending=False),
    "ResolveHitl, of an open request": partial(_decision, of="open"),
    "ResolveHitl, of a decided request": partial(_decision, of="decided"),
    "ResolveHitl, of a request that lapsed": partial(_decision, of="lapsed"),
    "ResolveHitl, of an unknown request": partial(_decision, of="unknown"),
    "PauseRun": partial(_plain, kind=cmd.PauseRun),
    "ResumeRun": partial(_plain, kind=cmd.ResumeRun),
    "CancelRun": partial(_plain, kind=cmd.CancelRun),
    "TriggerPolicy, of a manual directive": partial(_plain, kind=cmd.TriggerPolicy, policy_id="hear"),
    "TriggerPolicy, of another directive": partial(_plain, kind=cmd.TriggerPolicy, policy_id="slow"),
    "TriggerPolicy, of an unknown directive": partial(_plain, kind=cmd.TriggerPolicy, policy_id="nobody"),
    "ReceiveSignal": partial(_plain, kind=cmd.ReceiveSignal, signal=SignalEnvelope(metrics={"m": 1.0})),
    "ReceiveSignal, about an unknown node": partial(
        _plain, kind=cmd.ReceiveSignal, signal=SignalEnvelope(metrics={"m": 1.0}, node="nobody")
    ),
}
