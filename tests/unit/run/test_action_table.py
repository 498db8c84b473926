"""Each cell of action x situation x source, held against a real run that is brought there.

A runtime signal speaks with four voices: a node's result or failure, a measure from outside, a timer of onTimeout.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from tests.unit.view.runs import COPY, FAILURE, REPORT, Document, Run, on_node

from flexes.errors import CommandRejected
from flexes.policy.actions import ACTION_TYPES
from flexes.policy.signal import SignalEnvelope
from flexes.run import commands as cmd
from flexes.run import events as ev
from flexes.run.action_table import (
    DECISIONS,
    SITUATIONS,
    SOURCES,
    Cell,
    Situation,
    cells,
    effect,
    returns,
    runs_on,
    statuses,
)
from flexes.run.inbox import ActionSource
from flexes.run.lifecycle import ACTIVE, FINAL, SUSPENDED, Status, allows

ACTIONS: dict[str, Document] = {
    "goto": {"type": "goto", "next": "A"},
    "replan": {"type": "replan"},
    "hitl": {"type": "hitl"},
    "fail": {"type": "fail"},
    "pause": {"type": "pause"},
    "emit": {"type": "emit", "event": "seen"},
}
DOUBT: Document = {"kind": "onMetricAbove", "metric": "doubt", "threshold": 0.5}
BESIDE: list[Document] = [
    {"id": "asking", "trigger": {"kind": "manual"}, "action": {"type": "hitl"}},
    {"id": "doubting", "trigger": DOUBT, "action": {"type": "hitl"}},
    {"id": "doubting too", "trigger": DOUBT, "action": {"type": "hitl"}},
    {"id": "planning again", "trigger": {"kind": "manual"}, "action": {"type": "replan"}},
    {"id": "stopping", "trigger": {"kind": "manual"}, "action": {"type": "fail"}},
]
"""Directives that bring a run into a situation."""
VOICES = {
    "NodeCompleted": on_node("A"),
    "NodeFailed": on_node("A", "onNodeFail"),
    "SignalReceived": {"kind": "onMetricBelow", "metric": "sentiment", "threshold": 0.5},
    "TimerFired": {**on_node("A", "onTimeout"), "ms": 1000.0},
}
"""The first fact of a runtime signal, and the trigger that hears it."""


def of(*becomes: str) -> list[Any]:
    """Return the cells that become one of these, as parameters."""
    return [
        pytest.param(cell, id=f"{cell.action}-{cell.situation}-{cell.source}")
        for cell in cells()
        if cell.becomes in becomes
    ]


def voices(cell: Cell) -> tuple[str, ...]:
    """Return the facts that a cell's source can speak with."""
    if cell.source != "runtime":
        return ("",)
    return ("SignalReceived",) if cell.situation == "planning" else tuple(VOICES)


def spoken(*becomes: str) -> list[Any]:
    """Return the cells that become one of these, with each voice of their source."""
    return [
        pytest.param(cell, voice, id=f"{cell.action}-{cell.situation}-{cell.source}-{voice}".rstrip("-"))
        for cell in cells()
        if cell.becomes in becomes
        for voice in voices(cell)
    ]


def world(cell: Cell, voice: str = "", **fields: Any) -> Run:
    """Return a run, just started, whose directive `acting` has the cell's action and hears its source."""
    action = ACTIONS[cell.action]
    if cell.source == "runtime":
        trigger = VOICES[voice]
    elif cell.source == "manual":
        trigger = {"kind": "manual", "selector": {"node": "A"}}
    else:
        trigger = on_node("A")
        action = {
            "type": "hitl",
            "approveAction": action,
            "rejectAction": action,
            "onTimeout": action,
            "timeoutMs": 60_000,
        }
    beside = [*BESIDE]
    if cell.source in DECISIONS and cell.situation == "awaiting_others":
        beside.append({"id": "second", "trigger": on_node("A"), "action": {"type": "hitl"}})
    return Run({"id": "acting", "trigger": trigger, "action": action, **fields}, *beside)


def pressed(run: Run, policy_id: str) -> Run:
    """Fire a manual directive."""
    return run.do(cmd.TriggerPolicy, policy_id=policy_id, actor="ops")


def brought(cell: Cell, voice: str = "") -> Run:
    """Return a run in the cell's situation, A in flight, or, where a decision speaks, completed and asked about."""
    run = world(cell, voice)
    if cell.situation == "planning":
        return run
    run.planned()
    if cell.source in DECISIONS:
        run.ran("A", COPY)
    match cell.situation:
        case "replanning":
            pressed(run, "planning again")
        case "paused":
            run.do(cmd.PauseRun, actor="ops")
        case "awaiting_hitl" | "awaiting_others" if cell.source not in DECISIONS:
            _asking(run, several=cell.situation == "awaiting_others")
        case _:
            pass
    assert run.now.status in statuses(cell.situation)
    return run


def _asking(run: Run, several: bool) -> None:
    if several:
        run.do(cmd.ReceiveSignal, signal=SignalEnvelope(metrics={"doubt": 1.0}))
    else:
        pressed(run, "asking")
    assert len(run.now.open_requests) == (2 if several else 1)


def asked(run: Run, policy_id: str) -> str:
    """Return the open request of a directive."""
    found = [request for request in run.now.open_requests if run.now.requests[request].policy_id == policy_id]
    return found[0]


def command(run: Run, cell: Cell, voice: str = "") -> tuple[type[cmd.CommandBase], dict[str, Any]]:
    """Return the command with which the source speaks."""
    match cell.source:
        case "manual":
            return cmd.TriggerPolicy, {"policy_id": "acting"}
        case "hitl.approve" | "hitl.reject":
            decision = cell.source.removeprefix("hitl.")
            return cmd.ResolveHitl, {"request_id": asked(run, "acting"), "decision": decision, "actor": "lead"}
        case "hitl.timeout":
            timer = next(timer for timer in run.now.timers if timer.request == asked(run, "acting"))
            return cmd.FireTimer, {"timer_id": timer.id, "after_ms": 100_000.0}
        case "runtime":
            return _runtime(run, voice)


def _runtime(run: Run, voice: str) -> tuple[type[cmd.CommandBase], dict[str, Any]]:
    if voice in ("NodeCompleted", "NodeFailed"):
        outcome = COPY if voice == "NodeCompleted" else FAILURE
        return cmd.RecordOutcome, {"node_id": "A", "attempt": 1, "outcome": outcome}
    if voice == "SignalReceived":
        node = "A" if run.now.plan is not None else None
        return cmd.ReceiveSignal, {"signal": SignalEnvelope(metrics={"sentiment": 0.1}, node=node)}
    timer = next(timer for timer in run.now.timers if timer.directive == "acting")
    return cmd.FireTimer, {"timer_id": timer.id, "after_ms": 100_000.0}


def speak(run: Run, cell: Cell, voice: str = "") -> tuple[list[ev.Event], str]:
    """Let the source speak; return the commit and the id of the signal in it."""
    before = len(run.events)
    kind, fields = command(run, cell, voice)
    run.do(kind, **fields)
    commit = run.events[before:]
    fact = next(event for event in commit if event.kind not in ("TimerFired",) or cell.source == "runtime")
    return commit, f"signal-{fact.version}"


def kinds(events: Sequence[ev.Event]) -> tuple[str, ...]:
    """Return the types of events."""
    return tuple(event.kind for event in events)


def is_dispatched(event: ev.Event) -> bool:
    """Return whether an event is what a commit goes on with after its signals; a failure that nothing keeps ends it."""
    return isinstance(event, ev.NodeStarted) or (isinstance(event, ev.Failed) and event.code == "node_failed")


def split(events: Sequence[ev.Event]) -> tuple[list[ev.Event], list[ev.Event]]:
    """Return the events of signals, and what was dispatched after them."""
    place = next((place for place, event in enumerate(events) if is_dispatched(event)), len(events))
    return list(events[:place]), list(events[place:])


def about(events: Sequence[ev.Event], identity: str) -> Iterator[ev.Event]:
    """Yield the events without those that speak of another signal, or tell why a planner could not help."""
    for event in events:
        match event:
            case ev.SignalDeferred():
                found: str | None = event.item["id"]
            case ev.SignalTaken():
                found = event.item_id
            case ev.SignalEvaluated():
                found = event.signal_id
            case ev.GuardRailTripped():
                found = None
            case _:
                found = identity
        if found is not None and (found == identity or found.startswith(f"{identity}-")):
            yield event


def hold(cell: Cell, events: Sequence[ev.Event], tail: Sequence[ev.Event], run: Run) -> None:
    """Check what the action did: its one PolicyTriggered, its outcome, and that only a running run dispatches."""
    triggered = [event for event in events if isinstance(event, ev.PolicyTriggered)]
    acted = [(event.policy_id, event.action, event.source) for event in triggered]
    assert acted == ([("acting", cell.action, cell.source)] if cell.outcome == "matched" else [])
    evaluated = [event for event in events if isinstance(event, ev.SignalEvaluated)]
    outcomes = [outcome for event in evaluated for policy, outcome, _ in event.outcomes if policy == "acting"]
    assert outcomes == ([] if cell.source in DECISIONS else [cell.outcome])
    assert all(is_dispatched(event) for event in tail)
    if cell.outcome == "matched" and not runs_on(cell.action):
        assert not tail
        assert run.now.status in _AFTER[cell.action]
    if cell.action == "goto" and cell.outcome == "matched":
        started = next(event for event in tail if isinstance(event, ev.NodeStarted))
        assert (started.node_id, started.attempt) == ("A", 2)


_AFTER: dict[str, tuple[Status, ...]] = {
    "replan": ("replanning",),
    "hitl": ("awaiting_hitl",),
    "fail": ("failed",),
    "pause": ("paused",),
}


def resumed(run: Run) -> None:
    """Resume."""
    run.do(cmd.ResumeRun, actor="ops")


def drafted(run: Run) -> None:
    """Give the first plan."""
    run.planned()


def updated(run: Run) -> None:
    """Give the new plan."""
    run.answered({"add": [{"id": "C", "capability": "writer.lite", "inputs": [], "dependsOn": ["A"]}]})


def all_decided(run: Run) -> None:
    """Approve every open request; only the last decision opens the gate."""
    for _ in run.now.open_requests:
        assert run.now.status == "awaiting_hitl"
        run.decided("approve")


RETURNS: dict[Situation, Callable[[Run], None]] = {
    "planning": drafted,
    "replanning": updated,
    "paused": resumed,
    "awaiting_hitl": all_decided,
    "awaiting_others": all_decided,
}
"""How each situation returns to running."""


@pytest.mark.parametrize(("cell", "voice"), spoken("acts"))
def test_acts_at_once(cell: Cell, voice: str) -> None:
    """Semantics 7 and 8: the action acts in the commit in which its source speaks, in the order of the cell."""
    run = brought(cell, voice)
    commit, identity = speak(run, cell, voice)
    events, tail = split(commit)
    expected = (voice, *cell.events[1:]) if voice else cell.events
    assert kinds(events) == kinds(list(about(events, identity))) == expected
    hold(cell, events, tail, run)


@pytest.mark.parametrize(("cell", "voice"), spoken("waits"))
def test_waits(cell: Cell, voice: str) -> None:
    """Semantics 7: the signal joins the inbox, and acts in the commit that returns the run to running, not before."""
    run = brought(cell, voice)
    status = run.now.status
    commit, identity = speak(run, cell, voice)
    assert kinds(commit) == ((voice, *cell.events[1:]) if voice else cell.events)
    assert run.now.status == status
    before = len(run.events)
    RETURNS[cell.situation](run)
    returning = _last_commit(run, before)
    assert returning[0].kind in cell.until
    events, tail = split(returning[1:])
    mine = list(about(events, identity))
    assert kinds(mine) == cell.later
    hold(cell, mine, tail if runs_on(cell.action) else [], run)


def _last_commit(run: Run, start: int) -> list[ev.Event]:
    last = run.events[-1].command_id
    return [event for event in run.events[start:] if event.command_id == last]


@pytest.mark.parametrize(("cell", "voice"), spoken("refused"))
@pytest.mark.parametrize("status", statuses("final"))
def test_refused(cell: Cell, voice: str, status: Status) -> None:
    """Semantics 2: after a terminal event nothing is appended; every source is refused, with the code of the cell."""
    run, before = ended(cell, voice, status)
    assert run.now.status == status
    assert run.now.timers == ()
    assert run.now.open_requests == ()
    version = run.now.version
    kind, fields = command(before, cell, voice) if cell.source in DECISIONS else command_of_the_dead(cell, voice)
    with pytest.raises(CommandRejected) as caught:
        run.do(kind, **fields)
    assert caught.value.code == cell.code
    assert run.now.version == version


def ended(cell: Cell, voice: str, status: Status) -> tuple[Run, Run]:
    """Return a run that ended so, and one that stands where the source could speak; a completed one asked nothing."""
    open_run = world(cell, voice).planned()
    if cell.source in DECISIONS:
        open_run.ran("A", COPY)
    run = world(cell, voice, enabled=status != "completed").planned()
    if status == "completed":
        return run.ran("A", COPY).ran("B", REPORT), open_run
    if cell.source in DECISIONS:
        run.ran("A", COPY)
    return (run.do(cmd.CancelRun) if status == "cancelled" else pressed(run, "stopping")), open_run


def command_of_the_dead(cell: Cell, voice: str) -> tuple[type[cmd.CommandBase], dict[str, Any]]:
    """Return what the source would have said while the run was open."""
    return command(world(cell, voice).planned(), cell, voice)


@pytest.mark.parametrize("cell", of("cannot_occur"))
def test_cannot_occur(cell: Cell) -> None:
    """Semantics 2: a decision needs an open request; the chart has none of it here, and an attempt changes nothing."""
    status = statuses(cell.situation)[0]
    assert not allows(status, "HitlResolved")
    run = world(cell)
    decided = None
    if cell.situation != "planning":
        pressed(run.planned(), "asking")
        decided = run.now.open_requests[0]
        run.decided("approve")
    if cell.situation == "replanning":
        pressed(run, "planning again")
    assert run.now.status == status
    assert run.now.open_requests == ()
    assert not any(timer.kind == "hitl" for timer in run.now.timers)
    version = run.now.version
    if cell.source == "hitl.timeout":
        run.do(cmd.FireTimer, timer_id="of nobody", after_ms=100_000.0)
    else:
        decision = cell.source.removeprefix("hitl.")
        assert refusal(run, "of nobody", decision) == cell.code
        assert decided is None or refusal(run, decided, decision) == "already_resolved"
    assert run.now.version == version


def refusal(run: Run, request: str, decision: str) -> str:
    """Return the code with which a decision is refused."""
    with pytest.raises(CommandRejected) as caught:
        run.do(cmd.ResolveHitl, request_id=request, decision=decision)
    return caught.value.code


def test_every_cell_is_there() -> None:
    """Every cell of action x run state x source is in the table, once."""
    found = [(cell.action, cell.situation, cell.source) for cell in cells()]
    assert len(set(found)) == len(found) == len(ACTION_TYPES) * len(SITUATIONS) * len(SOURCES) == 210


def test_every_status_is_a_situation() -> None:
    """Semantics 2: the situations are the statuses, waiting for humans told in two."""
    named = {status for situation in SITUATIONS for status in statuses(situation)}
    assert named == ACTIVE | SUSPENDED | FINAL


def test_effects_follow_the_chart() -> None:
    """Semantics 2 and 8: goto and emit leave a running run running; every event of a cell is in the chart there."""
    assert [action for action in ACTION_TYPES if runs_on(action)] == ["goto", "emit"]
    for action in ACTION_TYPES:
        assert all(allows("running", event) for event in effect(action))
    for cell in cells():
        status = statuses(cell.situation)[0]
        assert not cell.events or allows(status, cell.events[0])


@pytest.mark.parametrize(
    ("status", "events"),
    [
        ("planning", ("PlanGenerated",)),
        ("replanning", ("PlanRejected", "PlanUpdated")),
        ("paused", ("Resumed",)),
        ("awaiting_hitl", ("HitlResolved",)),
    ],
)
def test_ways_back(status: Status, events: tuple[str, ...]) -> None:
    """Semantics 7: these facts return a run to running, and so empty the inbox."""
    assert returns(status) == events


@pytest.mark.parametrize("action", ACTION_TYPES)
@pytest.mark.parametrize("source", ["runtime", "manual"])
def test_a_declined_replan_empties_the_inbox_too(action: str, source: ActionSource) -> None:
    """Semantics 7: where the planner declines and the run goes on, what waited acts in that commit."""
    cell = next(cell for cell in cells() if cell[:3] == (action, "replanning", source))
    trigger = VOICES["NodeCompleted"] if source == "runtime" else {"kind": "manual", "selector": {"node": "A"}}
    acting = {"id": "acting", "trigger": trigger, "action": ACTIONS[action]}
    run = pressed(Run(acting, *BESIDE, policies={"guardRails": {"onLimit": "continue"}}).planned(), "planning again")
    _, identity = speak(run, cell, "NodeCompleted")
    if cell.becomes == "acts":
        assert run.now.status == "failed"
        return
    before = len(run.events)
    run.declined("cannot help")
    events, _ = split(run.events[before + 1 :])
    assert kinds(list(about(events, identity))) == cell.later


@pytest.mark.parametrize("action", [action for action in ACTION_TYPES if action != "fail"])
@pytest.mark.parametrize("source", ["runtime", "manual"])
def test_a_pause_over_a_handshake(action: str, source: ActionSource) -> None:
    """Semantics 2 and 7: a resume leads back to replanning; what waited goes on waiting until the run is running."""
    cell = next(cell for cell in cells() if cell[:3] == (action, "replanning", source))
    run = brought(cell, "NodeCompleted").do(cmd.PauseRun, actor="ops")
    _, identity = speak(run, cell, "NodeCompleted")
    before = len(run.events)
    resumed(run)
    assert kinds(run.events[before:]) == ("Resumed",)
    updated(run)
    events, _ = split(run.events[before + 2 :])
    assert kinds(list(about(events, identity))) == cell.later


@pytest.mark.parametrize("source", DECISIONS)
def test_earlier_signals_go_first(source: ActionSource) -> None:
    """Semantics 7: the inbox is drained oldest first; an action that a decision frees waits behind earlier signals."""
    cell = next(cell for cell in cells() if cell[:3] == ("emit", "awaiting_hitl", source))
    run = brought(cell)
    run.do(cmd.ReceiveSignal, signal=SignalEnvelope(metrics={"sentiment": 0.1}))
    earlier = f"signal-{run.now.version - 1}"
    commit, identity = speak(run, cell)
    taken = [event.item_id for event in commit if isinstance(event, ev.SignalTaken)]
    assert taken[:2] == [earlier, f"{identity}-action"]
