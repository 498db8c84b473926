"""What to do next, from the state alone: resume is replay and then this."""

from typing import Any

from flexes.plan.handshake import Diagnostic, NodeProgress, PlannerRequest, ReplanIntent
from flexes.run.effects import AskHuman, CallPlanner, Effect, InvokeCapability, WaitForTimer, operation_id
from flexes.run.state import State


def outstanding(state: State) -> tuple[Effect, ...]:
    """Return every effect that the run waits for: planner, nodes in plan order, humans, timers; none after the end."""
    if state.is_final:
        return ()
    effects: list[Effect] = []
    if state.handshake is not None:
        effects.append(CallPlanner(planner_request(state)))
    if state.running:
        effects += [
            invocation(state, node) for node in state.in_plan_order(state.running) if state.kind_of(node) != "human"
        ]
    effects += [asked(state, request_id) for request_id in state.open_requests]
    effects += [WaitForTimer(timer.id, timer.due_at) for timer in state.timers]
    return tuple(effects)


def invocation(state: State, node_id: str) -> InvokeCapability:
    """Return the invocation of a running node."""
    node = state.nodes[node_id]
    return InvokeCapability(
        operation_id(state.run_id, node_id, node.attempt),
        node_id,
        node.attempt,
        state.node_of(node_id).capability,
        state.inputs_of(node_id),
        _previous(state, node_id),
        node.deadline_at,
    )


def asked(state: State, request_id: str) -> AskHuman:
    """Return the question behind an open request."""
    request = state.requests[request_id]
    return AskHuman(request.id, request.node, request.policy_id, request.rationale)


def planner_request(state: State) -> PlannerRequest:
    """Return what the planner is asked by the open handshake."""
    assert state.handshake is not None
    envelope, shake = state.envelope, state.handshake
    return PlannerRequest(
        run_id=state.run_id,
        request_id=shake.request_id,
        attempt=shake.attempt,
        objective=envelope["objective"],
        contract=state.contract,
        inputs=envelope.get("inputs", {}),
        constraints=envelope.get("constraints", {}),
        special_instructions=tuple(envelope.get("specialInstructions", ())),
        catalog=state.catalog,
        policies=state.context.planner,
        max_rewrites_per_node=state.context.guard_rails.max_rewrites_per_node,
        plan=state.plan,
        progress=progress(state),
        cost_spent=state.cost_total,
        taken_away=state.taken_away,
        intents=tuple(ReplanIntent.model_validate(intent) for intent in shake.intents),
        diagnostics=tuple(Diagnostic.model_validate(found) for found in shake.diagnostics),
    )


def progress(state: State) -> dict[str, NodeProgress]:
    """Return how far each node of the plan has come."""
    return {
        node_id: NodeProgress(status=node.status, attempt=node.attempt) for node_id, node in sorted(state.nodes.items())
    }


def _previous(state: State, node_id: str) -> Any:
    """Return the undone attempt of a re-run, or the work that a copy does again; None on a first attempt."""
    node = state.nodes[node_id]
    copied = state.node_of(node_id).copy_of
    if node.previous is not None or copied is None:
        return node.previous
    planned, gone = state.nodes.get(copied), state.removed.get(copied)
    original = planned or (gone.state if gone else None)
    if original is None:
        return None
    origin = state.node_of(node_id).origin
    previous = {
        "attempt": original.attempt,
        "inputs": state.inputs_of(copied) if planned else {},
        "outputs": dict(original.outputs or {}),
        "metrics": dict(original.metrics),
        "cause": {"action": "replan", "directives": list(origin.directives) if origin else []},
    }
    return previous if original.error is None else {**previous, "error": original.error}
