"""How every command ends: the one place that evaluates signals, starts nodes, and completes or fails a run.

1. What arrived in this commit is evaluated, if the run is running and nothing waits before it; else it is deferred.
2. While the run is running, the inbox is drained, oldest first.
3. A failed node that no directive keeps fails the run; one that a human or a pause kept runs again.
4. Ready nodes start, in plan order; then human nodes ask.
5. With nothing left to do, the run ends.
"""

from typing import Any

from flexes.envelope.contract import FacetsContract, FreeformContract, JsonSchemaContract, contract_facets
from flexes.envelope.schemas import schema_issues
from flexes.ids import plus_ms
from flexes.policy.signal import Signal
from flexes.run import events as ev
from flexes.run.arrivals import defer
from flexes.run.commit import Commit
from flexes.run.decisions import carry_out
from flexes.run.dispatch import Acting, act, trip
from flexes.run.gate import open_human_node
from flexes.run.inbox import ActionSource, Item
from flexes.run.judge import Judgement, judged
from flexes.run.signals import signal_of, stale
from flexes.run.state import State


def settle(commit: Commit) -> None:
    """Bring the run to rest after a fact."""
    _take_urgent(commit)
    _take_arrived(commit)
    _drain(commit)
    _go_on_after_failures(commit)
    _start_ready(commit)
    _end(commit)


def _is_running(commit: Commit) -> bool:
    return commit.state.status == "running"


def _take_urgent(commit: Commit) -> None:
    while commit.urgent and not commit.state.is_final:
        _take(commit, commit.urgent.popleft())


def _take_arrived(commit: Commit) -> None:
    while commit.arrived:
        item = commit.arrived.popleft()
        if _is_running(commit) and not commit.state.inbox:
            _take(commit, item)
        elif not commit.state.is_final:
            defer(commit, item)


def _drain(commit: Commit) -> None:
    while commit.state.inbox and _is_running(commit):
        item = Item.model_validate(commit.state.inbox[0])
        dropped = stale(commit.state, item)
        commit.append(ev.SignalTaken, item_id=item.id, dropped=dropped)
        if dropped is None:
            _take(commit, item)


def _take(commit: Commit, item: Item) -> None:
    """Evaluate one signal, or carry out one decided action."""
    if item.kind == "action":
        carry_out(commit, item)
    elif commit.state.flags.policy_engine:
        _evaluate(commit, item)


def _evaluate(commit: Commit, item: Item) -> None:
    signal = signal_of(commit.state, item, commit.at)
    outcomes, judgements = judged(commit.state, signal, commit.at)
    commit.append(
        ev.SignalEvaluated,
        signal_id=item.id,
        signal_kind=signal.kind,
        node_id=signal.node.id if signal.node else None,
        attempt=signal.node.attempt if signal.node else None,
        outcomes=outcomes,
    )
    if judgements:
        _carry_out(commit, item, signal, judgements)


def _carry_out(commit: Commit, item: Item, signal: Signal, judgements: tuple[Judgement, ...]) -> None:
    """Let what was judged take effect: guard rails first, then actions, then what waits for a better time."""
    source: ActionSource = "manual" if item.kind == "manual" else "runtime"
    acting = [
        Acting(found.directive, found.standing, signal, source, found.standing.reason)
        for found in judgements
        if found.acts
    ]
    for found in judgements:
        trip(commit, found.directive.id, found.standing, item.node, acts=found.acts)
    act(commit, acting)
    for found in judgements:
        if found.postponed:
            defer(commit, item.model_copy(update={"directive": found.directive.id}))


def _go_on_after_failures(commit: Commit) -> None:
    state = commit.state
    if not state.failed or not _is_running(commit):
        return
    for node_id in state.in_plan_order(state.failed):
        node = state.nodes[node_id]
        if node.hold is None:
            commit.append(
                ev.Failed,
                code="node_failed",
                message=f"node {node_id} failed and no policy acted: {node.error}{_why(node.note)}",
                node_id=node_id,
                details={"code": node.error_code, "error": node.error},
            )
            return
        if node.hold == "rerun":
            cause = {"action": "rerun", "node": node_id, "reason": "going on after a failure"}
            commit.append(ev.NodesReset, target=node_id, nodes=((node_id, node.attempt),), cause=cause)


def _why(note: str | None) -> str:
    return f" ({note})" if note else ""


def _start_ready(commit: Commit) -> None:
    if not commit.state.ready or not _is_running(commit):
        return
    ready = commit.state.in_plan_order(commit.state.ready)
    for node_id in ready:
        _start(commit, node_id)
    for node_id in ready:
        if commit.state.kind_of(node_id) == "human":
            open_human_node(commit, node_id)


def _start(commit: Commit, node_id: str) -> None:
    state = commit.state
    node = state.node_of(node_id)
    capability = state.catalog.by_id[node.capability]
    attempt = state.nodes[node_id].attempt + 1
    if node.is_rewrite:
        directives = node.origin.directives if node.origin else ()
        commit.append(ev.RewriteStarted, node_id=node_id, copy_of=node.copy_of or "", directives=directives)
    commit.append(
        ev.NodeStarted,
        node_id=node_id,
        attempt=attempt,
        capability_id=capability.id,
        deadline_at=plus_ms(commit.at, capability.timeout_ms) if capability.timeout_ms else None,
        timers=_timers(commit, node_id),
    )


def _timers(commit: Commit, node_id: str) -> tuple[tuple[str, str], ...]:
    """Return when each onTimeout directive that looks at the node comes due."""
    state = commit.state
    listening = state.context.hearing.get("onTimeout", ()) if state.flags.policy_engine else ()
    if not listening:
        return ()
    seen = state.seen(node_id)
    return tuple(
        (directive.id, plus_ms(commit.at, directive.after_ms))
        for directive in listening
        if directive.after_ms is not None and (directive.selector is None or directive.selector.matches(seen))
    )


def _end(commit: Commit) -> None:
    state = commit.state
    if state.running or state.ready or state.backing_off or state.inbox or not _is_running(commit):
        return
    if state.unfinished:
        left = (
            [node.id for node in state.plan.nodes if state.nodes[node.id].status != "completed"] if state.plan else []
        )
        message = f"nothing is left to run, but {', '.join(left[:10])} cannot complete"
        commit.append(ev.Failed, code="blocked", message=message, details={"nodes": left})
        return
    output = output_of(state)
    fault = contract_fault(state, output)
    if fault is None:
        commit.append(ev.Completed, output=output)
    else:
        message = f"the output contract is not met: {fault['facet']}{fault['path']}: {fault['message']}"
        commit.append(ev.Failed, code="output_contract_unmet", message=message, details=fault)


def output_of(state: State) -> dict[str, Any]:
    """Return the output: the facets that the contract names, or those of the sink nodes for freeform."""
    assert state.plan is not None
    names = contract_facets(state.contract)
    if isinstance(state.contract, FreeformContract):
        sinks = state.plan.graph.sinks
        names = tuple(dict.fromkeys(name for node in sinks for name in state.capability_of(node).outputs))
    written = ((name, state.value(name)) for name in names)
    return {name: write.value for name, write in written if write is not None}


def contract_fault(state: State, output: dict[str, Any]) -> dict[str, Any] | None:
    """Return the first place where the output breaks the contract: facet, path and message; None if it is met."""
    match state.contract:
        case FacetsContract(facets=facets):
            missing = next((name for name in facets if name not in output), None)
            return None if missing is None else {"facet": missing, "path": "", "message": "was never written"}
        case JsonSchemaContract(json_schema=schema):
            issues = schema_issues(schema, output)
            if not issues:
                return None
            _, _, rest = issues[0].pointer.partition("/")
            facet, slash, path = rest.partition("/")
            return {"facet": facet, "path": slash + path, "message": issues[0].message}
        case _:
            return None
