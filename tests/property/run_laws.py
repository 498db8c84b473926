"""What must hold of every run, counted naively from its events; the state of the fold is held against it.

Nothing here shares code with the fold: facts are looked up in the list of events again and again.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flexes.run import events as ev
from flexes.run.evolve import evolve
from flexes.run.lifecycle import transitions
from flexes.run.outstanding import outstanding
from flexes.run.records import nano
from flexes.run.state import State

OUTCOMES = (ev.NodeCompleted, ev.NodeFailed, ev.NodeSuperseded)


def check_moves(before: State | None, events: Sequence[ev.Event]) -> State:
    """Fold one commit; each event must be legal by the chart, and lead where the chart says (semantics 2)."""
    state = before
    for event in events:
        check_fields(event)
        after = evolve(state, event)
        if state is not None:
            targets = transitions().get((state.status, event.kind))
            assert targets is not None, f"{event.kind} is illegal in {state.status}"
            assert after.status in targets, f"{event.kind}: {state.status} -> {after.status}"
            assert event.version == state.version + 1
        check_counters(after)
        state = after
    assert state is not None
    return state


def check_fields(event: ev.Event) -> None:
    """The decider makes events unchecked; each is what its type would have let in, value by value and in order."""
    checked = type(event).model_validate(event.__dict__, strict=True)
    assert list(checked.__dict__.items()) == list(event.__dict__.items())


def check_counters(state: State) -> None:
    """Every counter of the state is what a scan of its nodes finds."""
    if state.plan is None or state.is_final:
        return
    nodes = state.nodes
    assert set(nodes) == {node.id for node in state.plan.nodes}
    blocked: set[str] = set()
    met: dict[str, int] = {}
    for node in state.plan.nodes:
        parents = set(node.depends_on)
        done = sum(nodes[parent].status == "completed" for parent in parents)
        if done < len(parents):
            blocked.add(node.id)
            met |= {node.id: done} if done else {}
    assert dict(state.met) == met
    found: dict[str, set[str]] = {"running": set(), "failed": set(), "ready": set()}
    for name, node_state in nodes.items():
        if node_state.status in found:
            found[node_state.status].add(name)
        if node_state.status == "pending" and name not in blocked and not node_state.not_before_at:
            found["ready"].add(name)
    assert set(state.running) == found["running"]
    assert set(state.failed) == found["failed"]
    assert set(state.ready) == found["ready"], f"ready {set(state.ready)}, not {found['ready']}"
    left_over = [name for name, node_state in nodes.items() if node_state.status != "completed"]
    assert state.unfinished == len(left_over)
    to_run = [name for name in left_over if nodes[name].status != "failed"]
    assert state.estimate_nano == sum(nano(state.capability_of(name).cost) for name in to_run)
    waiting = {name for name, node_state in nodes.items() if node_state.not_before_at}
    assert state.backing_off == len(waiting), f"backing_off {state.backing_off}, not {waiting}"
    _check_timers(state, waiting)


def _check_timers(state: State, waiting: set[str]) -> None:
    timers = state.timers
    assert list(timers) == sorted(timers, key=lambda timer: (timer.due_at, timer.id))
    assert len({timer.id for timer in timers}) == len(timers), "two timers with one id"
    assert {timer.node for timer in timers if timer.kind == "backoff"} == waiting
    for timer in timers:
        if timer.kind in ("deadline", "directive"):
            assert timer.node in state.running, f"{timer.kind} of {timer.node}, which does not run"
            assert timer.node is not None
            assert state.nodes[timer.node].attempt == timer.attempt
        if timer.kind == "hitl":
            assert timer.request in state.open_requests


def check_history(state: State, events: Sequence[ev.Event]) -> None:
    """What holds of the whole list of a run's events."""
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    ends = [event for event in events if event.kind in ev.TERMINAL]
    assert len(ends) <= 1, "more than one terminal event"
    assert not ends or events[-1] is ends[0], "something after the end"
    assert state.is_final == bool(ends)
    _check_plans(state, events)
    _check_attempts(events)
    _check_requests(state, events)
    _check_caps(state, events)
    _check_inbox(state, events)
    _check_signals(state, events)
    _check_facets(state, events)
    spent = sum(nano(event.cost) for event in events if isinstance(event, OUTCOMES))
    assert state.spent_nano == spent


def check_moving(state: State) -> None:
    """An active run waits for something that can move it; a suspended one says for whom (semantics 2, 10)."""
    effects = [type(effect).__name__ for effect in outstanding(state)]
    if state.is_final:
        assert not effects
        return
    if state.plan is None or state.phase == "replanning":
        assert state.handshake is not None, f"{state.phase} without a planner request"
        assert "CallPlanner" in effects
    else:
        assert state.handshake is None
    if state.status == "running":
        assert state.running or state.backing_off, "running, and nothing can happen"
        assert not state.ready, f"ready nodes were not started: {list(state.ready)}"
        assert not state.inbox, "the inbox was not drained"
        assert all(state.nodes[name].hold for name in state.failed), "a failed node was left alone"
    if state.status == "awaiting_hitl":
        assert "AskHuman" in effects
    for name in state.running:
        human = state.kind_of(name) == "human"
        asked = [found for found in state.open_requests if state.requests[found].policy_id is None]
        assert not human or name in {state.requests[found].node for found in asked}, f"nobody asks about {name}"


def _check_plans(state: State, events: Sequence[ev.Event]) -> None:
    versions = [1 for event in events if isinstance(event, ev.PlanGenerated)]
    versions += [event.new_version for event in events if isinstance(event, ev.PlanUpdated)]
    assert versions == list(range(1, len(versions) + 1)), f"plan versions {versions}"
    assert state.plan_version == len(versions)
    assert [found.version for found in state.plan_versions] == versions


class _Attempts:
    """One recorded outcome an attempt, but that a reviewer may supply what a failed one lacks; a completed node starts
    again only after it was reset.
    """

    def __init__(self) -> None:
        self.current: dict[str, int] = {}
        self.status: dict[str, str] = {}
        self.recorded: set[tuple[str, int]] = set()

    def start(self, event: ev.NodeStarted) -> None:
        node = event.node_id
        assert self.status.get(node, "pending") == "pending", f"{node} is {self.status[node]} and starts"
        assert event.attempt == self.current.get(node, 0) + 1
        self.current[node], self.status[node] = event.attempt, "running"

    def end(self, event: ev.NodeCompleted | ev.NodeFailed | ev.NodeSuperseded) -> None:
        node, key = event.node_id, (event.node_id, event.attempt)
        supplied = isinstance(event, ev.NodeCompleted) and event.by is not None and self.status[node] == "failed"
        assert key not in self.recorded or supplied, f"two outcomes of {key}"
        self.recorded.add(key)
        if not isinstance(event, ev.NodeSuperseded):
            assert event.attempt == self.current[node]
            assert supplied or self.status[node] == "running"
            self.status[node] = "completed" if isinstance(event, ev.NodeCompleted) else "failed"

    def reset(self, event: ev.NodesReset) -> None:
        assert event.nodes, "a reset of nothing"
        for node, attempt in event.nodes:
            assert self.current[node] == attempt
            assert self.status[node] != "pending"
            self.status[node] = "pending"

    def replan(self, event: ev.PlanUpdated) -> None:
        changed = [change["id"] for change in event.delta.get("replace", ())]
        for node in (*event.delta.get("remove", ()), *changed):
            assert self.status.get(node) != "completed", f"{node} was completed and changed"
            self.status[node] = "pending"


def _check_attempts(events: Sequence[ev.Event]) -> None:
    seen = _Attempts()
    for event in events:
        match event:
            case ev.NodeStarted():
                seen.start(event)
            case ev.NodeCompleted() | ev.NodeFailed() | ev.NodeSuperseded():
                seen.end(event)
            case ev.NodesReset():
                seen.reset(event)
            case ev.PlanUpdated():
                seen.replan(event)
            case _:
                pass


def _check_requests(state: State, events: Sequence[ev.Event]) -> None:
    asked = [event.request_id for event in events if isinstance(event, ev.HitlRequested)]
    assert len(asked) == len(set(asked)), "one request id was opened twice"
    decided = [event.request_id for event in events if isinstance(event, ev.HitlResolved)]
    assert len(decided) == len(set(decided)), "one request was decided twice"
    assert set(decided) <= set(asked)
    if not state.is_final:
        assert set(state.open_requests) <= set(asked) - set(decided)


def _check_caps(state: State, events: Sequence[ev.Event]) -> None:
    rails = state.context.guard_rails
    opened = [
        event for event in events if isinstance(event, ev.PlanRequested) and event.base_version and event.attempt == 1
    ]
    assert len(opened) <= rails.max_replans
    assert state.replans == len(opened)
    each = Counter(name for event in opened for name in {intent["directive"] for intent in event.intents})
    assert all(count <= rails.max_replans_per_policy for count in each.values()), each
    attempts = [event.attempt for event in events if isinstance(event, ev.PlanRequested)]
    assert all(attempt <= rails.max_planner_attempts for attempt in attempts)
    requests = [event for event in events if isinstance(event, ev.HitlRequested) and event.policy_id]
    assert len(requests) <= rails.max_hitl_requests, "more human requests than maxHitlRequests"
    rewrites: Counter[str] = Counter()
    for event in events:
        if isinstance(event, ev.PlanUpdated):
            for node in event.delta.get("add", ()):
                original, mark, role = node["id"].partition("~")
                rewrites[original] += bool(mark) and role.startswith("rewrite")
    assert all(count <= rails.max_rewrites_per_node for count in rewrites.values()), rewrites
    gotos: dict[tuple[str, str], list[ev.PolicyTriggered]] = {}
    for event in events:
        if isinstance(event, ev.PolicyTriggered) and event.action == "goto":
            gotos.setdefault((event.policy_id, event.attempts_key or ""), []).append(event)
    for triggered in gotos.values():
        assert len(triggered) <= (triggered[0].max_attempts or 0)
        assert [event.attempt for event in triggered] == list(range(1, len(triggered) + 1))


def _check_inbox(state: State, events: Sequence[ev.Event]) -> None:
    """The inbox is FIFO: what is taken is what waited longest, and nothing else goes with it (semantics 7)."""
    inbox: list[Any] = []
    for event in events:
        if isinstance(event, ev.SignalDeferred):
            inbox.append(event.item)
        elif isinstance(event, ev.SignalTaken):
            assert inbox, "something was taken that did not wait"
            assert inbox.pop(0)["id"] == event.item_id
    if not state.is_final:
        assert list(state.inbox) == inbox, "an item of the inbox was lost"


def _check_signals(state: State, events: Sequence[ev.Event]) -> None:
    """Each node outcome is evaluated once, waits, or was dropped with a reason (semantics 7)."""
    if not state.flags.policy_engine:
        assert not [event for event in events if isinstance(event, ev.SignalEvaluated)]
        return
    seen = Counter(
        event.signal_id
        for event in events
        if isinstance(event, ev.SignalEvaluated) and event.signal_kind.startswith("node_")
    )
    waits = {item["id"] for item in state.inbox}
    dropped = {event.item_id for event in events if isinstance(event, ev.SignalTaken) and event.dropped}
    postponed = Counter(
        event.item["id"] for event in events if isinstance(event, ev.SignalDeferred) and event.item.get("directive")
    )
    for event in events:
        if isinstance(event, ev.NodeCompleted | ev.NodeFailed) and not state.is_final:
            name = f"signal-{event.version}"
            assert seen[name] or name in waits or name in dropped, f"{name} was never evaluated"
            assert seen[name] <= 1 + postponed[name], f"{name} was evaluated {seen[name]} times"


def _check_facets(state: State, events: Sequence[ev.Event]) -> None:
    """The visible value is the last one written by an attempt that was not reset (semantics 4)."""
    writes: list[tuple[str, str | None, int, Any]] = []
    started = events[0]
    assert isinstance(started, ev.RunStarted)
    writes += [(name, None, 0, value) for name, value in started.envelope.get("inputs", {}).items()]
    asked = {event.request_id: event for event in events if isinstance(event, ev.HitlRequested)}
    for event in events:
        if isinstance(event, ev.NodeCompleted):
            writes += [(name, event.node_id, event.attempt, value) for name, value in event.outputs.items()]
        elif isinstance(event, ev.NodesReset):
            gone = {(node, attempt) for node, attempt in event.nodes}
            writes = [write for write in writes if (write[1], write[2]) not in gone]
        elif isinstance(event, ev.HitlResolved) and event.decision == "approve":
            request = asked[event.request_id]
            outcome = events[event.version] if request.policy_id is None else None  # of the human node
            own = (outcome.outputs or {}) if isinstance(outcome, ev.NodeCompleted | ev.NodeFailed) else {}
            node, attempt = request.node_id, request.attempt or 0
            writes += [(name, node, attempt, value) for name, value in event.edits.items() if name not in own]
    visible = {name: value for name, _, _, value in writes}
    found = state.visible_facets()
    assert found == visible, f"visible {found}, written {visible}"
