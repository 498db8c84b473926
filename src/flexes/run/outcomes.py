"""What an attempt came to: checked against its contract, recorded once, and turned into a signal (semantics 4).

Rules:
1. The first outcome of the current attempt counts; a repeated one does nothing; a late one is NodeSuperseded.
2. Outputs must be exactly the declared facets and meet their schemas, else the attempt failed as `output_invalid`.
3. Cost and latency that nobody reported are the estimates, and say so.
"""

from collections.abc import Iterator
from typing import Any

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
    node = _node(commit.state, command.node_id)
    if node is None or not 1 <= command.attempt <= node.attempt:
        raise NodeNotFound(
            f"attempt {command.attempt} of node {command.node_id} never started",
            node_id=command.node_id,
            attempt=command.attempt,
        )
    invoked = dict(node.unanswered).get(command.attempt)
    if invoked is None:
        return
    if not _is_current(commit.state, command, node):
        _supersede(commit, command, invoked)
    elif isinstance(command.outcome, Failure):
        fail(commit, command.node_id, command.attempt, command.outcome)
    else:
        complete(commit, command.node_id, command.attempt, command.outcome)


def complete(commit: Commit, node_id: str, attempt: int, result: Result, by: str | None = None) -> None:
    """Record a result; as a failure when it breaks its contract."""
    state = commit.state
    issues = tuple(output_issues(state, node_id, result.outputs))
    validation = result.validation.model_dump(mode="json") if result.validation else None
    common = {**_measures(state, node_id, result), "validation": validation, "outputs": dict(result.outputs)}
    if issues:
        message = "; ".join(f"{issue['facet']}{issue['pointer']}: {issue['message']}" for issue in issues[:3])
        commit.append(
            ev.NodeFailed,
            node_id=node_id,
            attempt=attempt,
            **common,
            code="output_invalid",
            error=f"the output breaks its contract: {message}",
            retryable=False,
            issues=issues,
        )
    else:
        commit.append(ev.NodeCompleted, node_id=node_id, attempt=attempt, **common, by=by)
    _signal(commit, node_id, attempt)


def fail(commit: Commit, node_id: str, attempt: int, failure: Failure) -> None:
    """Record a failure."""
    state = commit.state
    commit.append(
        ev.NodeFailed,
        node_id=node_id,
        attempt=attempt,
        **_measures(state, node_id, failure),
        code=failure.code,
        error=failure.error,
        retryable=failure.retryable,
    )
    _signal(commit, node_id, attempt)


def output_issues(state: State, node_id: str, outputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield where outputs break the node's contract: a missing, an undeclared, or a malformed facet."""
    capability = state.capability_of(node_id)
    for facet in capability.outputs:
        if facet not in outputs:
            yield {"facet": facet, "pointer": "", "message": f"declared by {capability.id}, but missing"}
    for facet, value in outputs.items():
        if facet not in capability.outputs:
            yield {"facet": facet, "pointer": "", "message": f"not declared by {capability.id}"}
            continue
        schema = state.catalog.schema_of(facet)
        for issue in schema_issues(schema, value) if schema is not None else ():
            yield {"facet": facet, "pointer": issue.pointer, "message": issue.message}


def _node(state: State, node_id: str) -> NodeState | None:
    """Return a node of the plan in force or of an earlier one."""
    gone = state.removed.get(node_id)
    return state.nodes.get(node_id) or (gone.state if gone else None)


def _is_current(state: State, command: RecordOutcome, node: NodeState) -> bool:
    return command.node_id in state.running and node.attempt == command.attempt


def _supersede(commit: Commit, command: RecordOutcome, capability: str) -> None:
    cost = command.outcome.cost
    commit.append(
        ev.NodeSuperseded,
        node_id=command.node_id,
        attempt=command.attempt,
        outcome=command.outcome.model_dump(mode="json", by_alias=True, exclude_none=True),
        cost=commit.state.catalog.by_id[capability].cost if cost is None else cost,
    )


def _measures(state: State, node_id: str, outcome: Result | Failure) -> dict[str, Any]:
    capability = state.capability_of(node_id)
    return {
        "metrics": dict(outcome.metrics),
        "cost": capability.cost if outcome.cost is None else outcome.cost,
        "cost_estimated": outcome.cost is None,
        "latency_ms": capability.latency_ms if outcome.latency_ms is None else outcome.latency_ms,
        "latency_estimated": outcome.latency_ms is None,
    }


def _signal(commit: Commit, node_id: str, attempt: int) -> None:
    identity = f"signal-{commit.state.version}"
    arrive(commit, Item(id=identity, kind="outcome", node=node_id, attempt=attempt))
