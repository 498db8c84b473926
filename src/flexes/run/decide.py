"""The one door into a run: a command in, the events of one commit out, or a typed rejection and no change.

Pure: the same state and command give the same events, always. The reading order of the house is events, evolve, decide.
"""

from typing import assert_never

from flexes.errors import (
    HitlPending,
    InvalidRunState,
    NodeNotFound,
    PolicyNotFound,
    PolicyNotManual,
    RunExists,
    RunNotFound,
)
from flexes.policy.actions import Fail
from flexes.run import events as ev
from flexes.run.arrivals import arrive
from flexes.run.commands import (
    AnswerPlanner,
    CancelRun,
    Command,
    CommandBase,
    FireTimer,
    PauseRun,
    ReceiveSignal,
    RecordOutcome,
    ResolveHitl,
    ResumeRun,
    StartRun,
    TriggerPolicy,
)
from flexes.run.commit import Commit
from flexes.run.decisions import resolve
from flexes.run.handshake import answered, open_handshake
from flexes.run.inbox import Item
from flexes.run.outcomes import record
from flexes.run.settle import settle
from flexes.run.state import State
from flexes.run.timers import fire
from flexes.run.unresolved import fall_out


def decide(state: State | None, command: Command) -> tuple[ev.Event, ...]:
    """Return the events of the command's commit; none where it is already true.

    Raises:
        CommandRejected: A subclass with a stable code; the run is unchanged.
    """
    return decided_commit(state, command)[0]


def decided_commit(state: State | None, command: Command) -> tuple[tuple[ev.Event, ...], State | None]:
    """Return the events of the command's commit, and the state after them."""
    if isinstance(command, StartRun):
        return _start(state, command)
    if state is None:
        raise RunNotFound(f"there is no run {command.run_id}; list them with `flexes runs`", run_id=command.run_id)
    if state.is_final and not isinstance(command, ResolveHitl):
        raise InvalidRunState(f"the run is {state.status}; nothing can be done to it any more", status=state.status)
    commit = Commit(state, command)
    _handle(commit, command)
    if commit.events:
        settle(commit)
    return tuple(commit.events), commit.state


def _start(state: State | None, command: StartRun) -> tuple[tuple[ev.Event, ...], State]:
    if state is not None:
        raise RunExists(f"run {command.run_id} was already started", run_id=command.run_id)
    commit = Commit.starting(
        command,
        envelope=command.envelope,
        context=command.context.wire(),
        catalog=command.catalog.wire(),
        flags=command.flags.wire(),
    )
    open_handshake(commit, ())
    return tuple(commit.events), commit.state


def _handle(commit: Commit, command: CommandBase) -> None:  # noqa: C901 - one case a command, closed by assert_never
    match command:
        case RecordOutcome():
            record(commit, command)
        case AnswerPlanner():
            _answer(commit, command)
        case FireTimer():
            fire(commit, command)
        case ResolveHitl():
            resolve(commit, command)
        case PauseRun():
            commit.append(ev.Paused, reason=command.reason)
        case ResumeRun():
            _resume(commit)
        case CancelRun():
            commit.append(ev.Cancelled, reason=command.reason)
        case TriggerPolicy():
            _trigger(commit, command)
        case ReceiveSignal():
            _receive(commit, command)
        case _:
            assert_never(command)  # type: ignore[arg-type]


def _answer(commit: Commit, command: AnswerPlanner) -> None:
    had_plan = commit.state.plan is not None
    intents = commit.state.handshake.intents if commit.state.handshake else ()
    unresolved = answered(commit, command)
    if commit.state.plan is not None and not had_plan:
        arrive(commit, Item(id=f"signal-{commit.state.version}", kind="start"))
    fall_out(commit, intents, unresolved)


def _resume(commit: Commit) -> None:
    state = commit.state
    if state.status == "awaiting_hitl":
        raise HitlPending(
            f"a human decision is awaited: {', '.join(state.open_requests)}; approve or reject it",
            requests=state.open_requests,
        )
    if state.paused:
        commit.append(ev.Resumed)


def _trigger(commit: Commit, command: TriggerPolicy) -> None:
    state = commit.state
    directive = state.context.by_id.get(command.policy_id)
    if directive is None:
        known = ", ".join(sorted(state.context.by_id)) or "none"
        raise PolicyNotFound(
            f"no enabled policy {command.policy_id!r} in this run; it has {known}",
            policy_id=command.policy_id,
        )
    if directive.hears != "manual":
        raise PolicyNotManual(
            f"policy {command.policy_id!r} hears {directive.hears}; only a `manual` trigger is fired by hand",
            policy_id=command.policy_id,
        )
    if not state.flags.policy_engine:
        raise InvalidRunState("the run was started with the policy engine off", status=state.status)
    commit.append(ev.ManualTriggered, policy_id=command.policy_id)
    item = Item(id=f"signal-{commit.state.version}", kind="manual", directive=command.policy_id)
    arrive(commit, item, urgent=isinstance(directive.action, Fail))


def _receive(commit: Commit, command: ReceiveSignal) -> None:
    state, signal = commit.state, command.signal
    if signal.node is not None and signal.node not in state.nodes:
        raise NodeNotFound(f"the plan has no node {signal.node!r} that a signal could be about", node_id=signal.node)
    attempt = state.nodes[signal.node].attempt if signal.node is not None else 0
    commit.append(ev.SignalReceived, signal=signal.wire())
    item = Item(
        id=f"signal-{commit.state.version}",
        kind="outside",
        node=signal.node,
        attempt=attempt,
        metrics=dict(signal.metrics),
    )
    arrive(commit, item)
