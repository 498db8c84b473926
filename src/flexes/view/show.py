"""The folded state of a run as one JSON document: `flexes show` (interfaces 2).

It is the state itself, shown to whoever may read the store: facet values stand in it as they are.
"""

from typing import Any

from flexes.run.records import HumanRequest, NodeState, PolicyCount
from flexes.run.state import State
from flexes.view.dead_guards import dead_guards
from flexes.view.ending import error_of
from flexes.view.step import present, provenance


def show(state: State) -> dict[str, Any]:
    """Return the document; plain JSON, in an order that depends on nothing but the run."""
    facets = {name: write for name, write in sorted(state.facets.items()) if write is not None}
    return {
        "runId": state.run_id,
        "status": state.status,
        "planVersion": state.plan_version,
        "triggeredBy": list(state.triggered_by),
        "nodes": _nodes(state),
        "facets": {name: write.value for name, write in facets.items()},
        "facetProvenance": {name: provenance(write) for name, write in facets.items()},
        "policies": _policies(state),
        "deadGuards": list(dead_guards(state)),
        "warnings": [warning.wire() for warning in state.context.warnings],
        "replans": state.replans,
        "costTotal": state.cost_total,
        "costProjected": state.cost_projected,
        "pendingHitl": [_request(state.requests[request_id]) for request_id in state.open_requests],
        **present(lastAction=dict(state.last_action) if state.last_action else None, error=error_of(state)),
        **({"output": state.ending.output} if state.ending and state.ending.status == "completed" else {}),
        **present(correlationId=state.correlation_id),
        "startedAt": state.started_at,
        "updatedAt": state.at,
        "version": state.version,
    }


def _nodes(state: State) -> dict[str, Any]:
    """Return the nodes in plan order, then those that left the plan."""
    planned = state.plan.nodes if state.plan else ()
    found = {node.id: _node(state.nodes[node.id], node.capability) for node in planned}
    for node_id in sorted(state.removed):
        gone = state.removed[node_id]
        found.setdefault(node_id, {**_node(gone.state, gone.capability), "status": "removed"})
    return found


def _node(node: NodeState, capability: str | None) -> dict[str, Any]:
    return {
        "status": node.status,
        "attempts": node.attempt,
        "capability": capability,
        **present(notBefore=node.not_before_at, error=node.error),
    }


def _policies(state: State) -> dict[str, Any]:
    return {
        directive.id: _policy(state.policies.get(directive.id, PolicyCount()), state.outcomes_of(directive.id))
        for directive in state.context.directives
    }


def _policy(count: PolicyCount, outcomes: dict[str, int]) -> dict[str, Any]:
    """Return what a directive did; `attempts` are the extra runs that its gotos caused."""
    return {
        "triggers": count.triggers,
        "attempts": sum(count.attempts.values()),
        "replans": count.replans,
        "outcomes": outcomes,
        **present(cooldownUntil=count.cooldown_until_at),
    }


def _request(request: HumanRequest) -> dict[str, Any]:
    return {
        "requestId": request.id,
        "policyId": request.policy_id,
        "nodeId": request.node,
        "attempt": request.attempt,
        "rationale": request.rationale,
        "requestedAt": request.requested_at,
        "dueAt": request.due_at,
    }
