"""Folding the events of the handshake: a request, a plan version, a refusal; counters are made anew with each plan."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from immutables import Map

from flexes.plan.handshake import Delta, applied
from flexes.plan.plan import Origin, Plan, PlanNode, PolicyOverrides
from flexes.policy.selector import base_id
from flexes.run import events as ev
from flexes.run.nodes import (
    forget_timers,
    held,
    is_waiting,
    let_go,
    pending_again,
)
from flexes.run.records import (
    Handshake,
    NodeState,
    PlanVersion,
    PolicyCount,
    RemovedNode,
    nano,
)
from flexes.run.state import State
from flexes.run.trusted import blank, trusted

_NAMES: Final = {field.alias or name: name for name, field in PlanNode.model_fields.items()}
"""The field of each key of a stored node."""
_BLANK: Final = blank(PlanNode)


def plan_requested(state: State, event: ev.PlanRequested) -> dict[str, Any]:
    """Return the changes when the planner is asked; only a handshake opened counts, not its repetitions."""
    changes: dict[str, Any] = {
        "handshake": Handshake(
            event.request_id,
            event.attempt,
            event.base_version,
            tuple(event.intents),
            tuple(event.diagnostics),
        )
    }
    if state.plan is None:
        return changes
    changes["phase"] = "replanning"
    changes["nodes"] = held(state, (intent.get("node") for intent in event.intents), "kept")
    if event.attempt == 1:
        changes["replans"] = state.replans + 1
        policies = state.policies
        for directive in dict.fromkeys(intent["directive"] for intent in event.intents):
            count = policies.get(directive, PolicyCount())
            policies = policies.set(directive, count._replace(replans=count.replans + 1))
        changes["policies"] = policies
    return changes


def plan_generated(state: State, event: ev.PlanGenerated) -> dict[str, Any]:
    """Return the changes of plan version 1."""
    version = PlanVersion(1, (), event.rationale)
    return {
        **_first_plan(state, event.draft["nodes"], event.rationale),
        "phase": "running",
        "handshake": None,
        "plan_versions": (version,),
    }


def plan_updated(state: State, event: ev.PlanUpdated) -> dict[str, Any]:
    """Return the changes of a later plan version."""
    triggers = tuple(event.triggers)
    version = PlanVersion(event.new_version, triggers, event.rationale)
    origin = Origin(version=event.new_version, rationale=event.rationale, directives=triggers)
    state = state.with_changes({"nodes": _let_go_unanswered(state, event)})
    return {
        **_next_plan(state, origin, event.delta),
        "phase": "running",
        "handshake": None,
        "plan_versions": (*state.plan_versions, version),
    }


def plan_rejected(state: State, event: ev.PlanRejected) -> dict[str, Any]:
    """Return the changes when an answer is refused; failed nodes that were kept for it are let go."""
    asked = (intent.get("node") for intent in state.handshake.intents) if state.handshake else ()
    said = "the planner declined" if event.declined else "the planner's answer was refused"
    note = f"{said}: {event.diagnostics[0]['message']}" if event.diagnostics else said
    return {
        "handshake": None,
        "phase": "planning" if state.plan is None else "running",
        "nodes": let_go(state, asked, note),
    }


def _let_go_unanswered(state: State, event: ev.PlanUpdated) -> Map[str, NodeState]:
    """Return the nodes with those let go whose every intent the planner left unanswered."""
    reasons = {found["directive"]: found["reason"] for found in event.unanswered}
    intents = state.handshake.intents if state.handshake else ()
    answered = {intent.get("node") for intent in intents if intent["directive"] not in reasons}
    nodes = {intent.get("node") for intent in intents} - answered
    return let_go(state, sorted(filter(None, nodes)), "; ".join(reasons.values()))


def _first_plan(state: State, nodes: Iterable[Mapping[str, Any]], rationale: str) -> dict[str, Any]:
    """Return the changes of plan version 1."""
    origin = Origin(version=1, rationale=rationale)
    parsed = tuple([_node(document, origin) for document in nodes])
    plan = trusted(Plan, {"version": 1, "nodes": parsed}, {"version", "nodes"})
    return _with_plan(state, plan, Map(dict.fromkeys((node.id for node in parsed), NodeState())))


def _node(document: Mapping[str, Any], origin: Origin) -> PlanNode:
    """Return a node of a draft that was validated when it was answered."""
    values: dict[str, Any] = {**_BLANK.values, "origin": origin}
    given = {"origin"}
    for key, value in document.items():
        name = _NAMES[key]
        given.add(name)
        values[name] = tuple(value) if type(value) is list else value
    if values["policy_overrides"] is not None:
        values["policy_overrides"] = PolicyOverrides.model_validate(values["policy_overrides"])
    return trusted(PlanNode, values, given)


def _next_plan(state: State, origin: Origin, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes of a later plan version: what the delta names is pending again, the rest is carried over."""
    assert state.plan is not None
    delta = Delta.model_validate(document)
    named = {node.id for node in delta.add} | {change.id for change in delta.replace}
    nodes = tuple(
        node.model_copy(update={"origin": origin}) if node.id in named else node for node in applied(state.plan, delta)
    )
    states, removed = state.nodes, state.removed
    for node_id in delta.remove:
        removed = removed.set(node_id, RemovedNode(states[node_id], state.node_of(node_id).capability))
        states = states.delete(node_id)
    for change in delta.replace:
        states = states.set(change.id, _replaced(state, change.id))
    for node in delta.add:
        earlier = removed[node.id].state if node.id in removed else NodeState()
        states = states.set(node.id, NodeState(attempt=earlier.attempt, unanswered=earlier.unanswered))
    changed = _with_plan(state, Plan(version=origin.version, nodes=nodes), states)
    return {**changed, "removed": removed, **_history(state, delta, changed["plan"], named)}


def _replaced(state: State, node_id: str) -> NodeState:
    node = state.nodes[node_id]
    if node.status == "pending":
        return node._replace(not_before_at=None)
    return pending_again(state, node_id, node, {"action": "replan"})


def _history(state: State, delta: Delta, plan: Plan, named: set[str]) -> dict[str, Any]:
    """Return what guard rails remember of a delta: definitions taken away, rewrites made, timers that lapse."""
    assert state.plan is not None
    before = state.plan.by_id
    replaced = (
        before[change.id].definition
        for change in delta.replace
        if before[change.id].definition != plan.by_id[change.id].definition
    )
    taken = (*replaced, *(before[node_id].definition for node_id in delta.remove))
    rewrites = state.rewrites
    for node in delta.add:
        if node.is_rewrite:
            original = base_id(node.id)
            rewrites = rewrites.set(original, rewrites.get(original, 0) + 1)
    return {
        "taken_away": tuple(dict.fromkeys((*state.taken_away, *taken))),
        "rewrites": rewrites,
        "timers": forget_timers(state.timers, named | set(delta.remove)),
    }


def _with_plan(state: State, plan: Plan, states: Map[str, NodeState]) -> dict[str, Any]:
    """Return the plan, its nodes, and every counter made anew."""
    done = {node_id for node_id, node in states.items() if node.status == "completed"}
    left = {node.id: states[node.id] for node in plan.nodes if node.id not in done}
    met = {node.id: len(done.intersection(node.depends_on)) for node in plan.nodes} if done else {}
    degree, capabilities, planned = plan.graph.degree, state.catalog.by_id, plan.by_id
    to_run = Counter(planned[name].capability for name, node in left.items() if node.status != "failed")
    return {
        "plan": plan,
        "nodes": states,
        "met": Map({name: count for name, count in met.items() if 0 < count < degree[name]}),
        "ready": Map(
            {name: None for name, node in left.items() if met.get(name, 0) == degree[name] and is_waiting(node)}
        ),
        "running": Map({name: None for name, node in left.items() if node.status == "running"}),
        "failed": Map({name: None for name, node in left.items() if node.status == "failed"}),
        "unfinished": len(left),
        "estimate_nano": sum(nano(capabilities[name].cost) * times for name, times in to_run.items()),
        "backing_off": sum(1 for node in left.values() if node.not_before_at),
    }
