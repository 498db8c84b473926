"""What an attempt came to: checked against its contract, recorded once, and turned into a signal (semantics 4).

Rules:
1. The first outcome of the current attempt counts; a repeated one does nothing; a late one is NodeSuperseded.
2. Outputs must be exactly the declared facets and meet their schemas, else the attempt failed as `output_invalid`.
3. Cost and latency that nobody reported are the estimates, and say so.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flexes.envelope.capability import Capability, Catalog
from flexes.envelope.schemas import schema_issues
from flexes.errors import NodeNotFound
from flexes.run import events as ev
from flexes.run.arrivals import arrive
from flexes.run.commands import Failure, RecordOutcome, Result
from flexes.run.commit import Commit
from flexes.run.inbox import Item
from flexes.run.records import NodeState
from flexes.run.state import State


def record(commit: Commit, command: RecordOutcome) -> None:
    """Record the outcome of an attempt.

    Raises:
        NodeNotFound: The run never started this attempt.
    """
    node_id, attempt, outcome = command.node_id, command.attempt, command.outcome
    node = _node(commit.state, node_id)
    if node is None or not 1 <= attempt <= node.attempt:
        message = f"attempt {attempt} of node {node_id} never started"
        raise NodeNotFound(message, node_id=node_id, attempt=attempt)
    invoked = dict(node.unanswered).get(attempt)
    if invoked is None:
        return
    if node_id not in commit.state.running or node.attempt != attempt:
        _supersede(commit, command, invoked)
    elif isinstance(outcome, Failure):
        fail(commit, node_id, attempt, outcome)
    else:
        complete(commit, node_id, attempt, outcome)


def complete(commit: Commit, node_id: str, attempt: int, result: Result, by: str | None = None) -> None:
    """Record a result; as a failure when it breaks its contract."""
    capability, outputs = commit.state.capability_of(node_id), dict(result.outputs)
    issues = tuple(_issues(capability, commit.state.catalog, outputs))
    reported = {
        "node_id": node_id,
        "attempt": attempt,
        **_measures(capability, result),
        "validation": result.validation.model_dump(mode="json") if result.validation else None,
        "outputs": outputs,
    }
    if issues:
        message = "; ".join(f"{issue['facet']}{issue['pointer']}: {issue['message']}" for issue in issues[:3])
        commit.append(
            ev.NodeFailed,
            **reported,
            code="output_invalid",
            error=f"the output breaks its contract: {message}",
            retryable=False,
            issues=issues,
        )
    else:
        commit.append(ev.NodeCompleted, **reported, by=by)
    _signal(commit, node_id, attempt)


def fail(commit: Commit, node_id: str, attempt: int, failure: Failure) -> None:
    """Record a failure."""
    commit.append(
        ev.NodeFailed,
        node_id=node_id,
        attempt=attempt,
        **_measures(commit.state.capability_of(node_id), failure),
        code=failure.code,
        error=failure.error,
        retryable=failure.retryable,
    )
    _signal(commit, node_id, attempt)


def _issues(capability: Capability, catalog: Catalog, outputs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield where outputs break the capability's contract: a missing, an undeclared, or a malformed facet."""
    declared = capability.outputs
    for facet in declared:
        if facet not in outputs:
            yield {"facet": facet, "pointer": "", "message": f"declared by {capability.id}, but missing"}
    for facet, value in outputs.items():
        if facet not in declared:
            yield {"facet": facet, "pointer": "", "message": f"not declared by {capability.id}"}
        elif (schema := catalog.schema_of(facet)) is not None:
            for issue in schema_issues(schema, value):
                yield {"facet": facet, "pointer": issue.pointer, "message": issue.message}


def _node(state: State, node_id: str) -> NodeState | None:
    """Return a node of the plan in force or of an earlier one."""
    node = state.nodes.get(node_id)
    if node is not None:
        return node
    gone = state.removed.get(node_id)
    return gone.state if gone else None


def _supersede(commit: Commit, command: RecordOutcome, capability: str) -> None:
    cost = command.outcome.cost
    commit.append(
        ev.NodeSuperseded,
        node_id=command.node_id,
        attempt=command.attempt,
        outcome=command.outcome.model_dump(mode="json", by_alias=True, exclude_none=True),
        cost=commit.state.catalog.by_id[capability].cost if cost is None else cost,
    )


def _measures(capability: Capability, outcome: Result | Failure) -> dict[str, Any]:
    cost, latency_ms = outcome.cost, outcome.latency_ms
    return {
        "metrics": dict(outcome.metrics),
        "cost": capability.cost if cost is None else cost,
        "cost_estimated": cost is None,
        "latency_ms": capability.latency_ms if latency_ms is None else latency_ms,
        "latency_estimated": latency_ms is None,
    }


def _signal(commit: Commit, node_id: str, attempt: int) -> None:
    identity = f"signal-{commit.state.version}"
    arrive(commit, Item(id=identity, kind="outcome", node=node_id, attempt=attempt))
