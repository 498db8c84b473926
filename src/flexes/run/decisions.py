"""Human decisions: the first wins, edits are checked, and the gate's action and the feedback follow (semantics 8).

Order: HitlResolved, edits, the node of a human node or of a failed one that the edits complete, the approve / reject /
timeout action, the feedback signal.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from flexes.envelope.schemas import schema_issues
from flexes.errors import AlreadyResolved, InvalidEdits, InvalidRunState, RequestNotFound
from flexes.ids import Instant, ms_between
from flexes.policy.actions import Action, Fail, Goto
from flexes.policy.signal import Signal
from flexes.run import events as ev
from flexes.run.arrivals import arrive
from flexes.run.commands import Failure, ResolveHitl, Result
from flexes.run.commit import Commit
from flexes.run.dispatch import Acting, act, trip
from flexes.run.guards import Standing, standing
from flexes.run.inbox import ActionSource, Item
from flexes.run.outcomes import complete, fail
from flexes.run.records import HumanRequest
from flexes.run.state import State

_ACTION: TypeAdapter[Action] = TypeAdapter(Action)
SYSTEM = "system"


def resolve(commit: Commit, command: ResolveHitl) -> None:
    """Record a human's decision and what follows from it.

    Raises:
        RequestNotFound: The run never asked this.
        AlreadyResolved: Somebody decided first; says who and when.
        InvalidRunState: The run has ended, or the attempt that asked was undone.
        InvalidEdits: An edit breaks its facet's schema, or a human node would lack an output.
    """
    request = _open_request(commit.state, command.request_id)
    edits = command.edits if command.decision == "approve" else {}
    if command.decision == "approve":
        _check_edits(commit.state, request, edits)
    commit.append(
        ev.HitlResolved,
        request_id=request.id,
        decision=command.decision,
        by=command.actor,
        note=command.note,
        edits=dict(command.edits),
    )
    decided(commit, request, command.decision, command.actor, command.note, edits, by_person=True)


def decided(
    commit: Commit,
    request: HumanRequest,
    decision: str,
    by: str,
    note: str | None,
    edits: Mapping[str, Any],
    *,
    by_person: bool,
) -> None:
    """Let a recorded decision take its course; nothing of it is evaluated before the commit settles.

    A person's decision is feedback that directives can hear; a time limit's is not.
    """
    identity = f"signal-{commit.state.version}"
    if request.policy_id is None:
        _decide_node(commit, request, decision, by, note, edits)
    elif decision == "approve":
        _complete_edited(commit, request, by, edits)
    action = _action_of(request, decision, note, by) if request.policy_id is not None else None
    if action is not None:
        source = _SOURCES[decision]
        arrive(
            commit,
            Item(id=f"{identity}-action", kind="action", request_id=request.id, source=source),
            urgent=isinstance(action, Fail),
        )
    if by_person:
        arrive(
            commit,
            Item(id=f"{identity}-feedback", kind="feedback", node=request.node, attempt=request.attempt),
        )


def carry_out(commit: Commit, item: Item) -> None:
    """Let the action of a decided request take effect, or say why not.

    An impossible goto of a reject or of a time limit fails the run: a gate that nobody opened stays shut.
    """
    state = commit.state
    request = state.requests[item.request_id or ""]
    assert request.policy_id is not None
    assert item.source is not None
    action = _action_of(request, request.decision or "", request.note, request.by or SYSTEM)
    assert action is not None
    directive = state.context.by_id[request.policy_id]
    signal = _signal(state, item, request)
    path = f"{request.action_path}/{_SIDES[request.decision or '']}"
    found = standing(state, directive, action, path, signal)
    if found.outcome != "matched":
        outcome = (directive.id, found.outcome, found.reason)
        commit.append(
            ev.SignalEvaluated,
            signal_id=item.id,
            signal_kind="action",
            node_id=request.node,
            attempt=request.attempt,
            outcomes=(outcome,),
        )
        if found.action is None and isinstance(action, Goto) and request.decision != "approve":
            found = Standing("exhausted", found.reason, Fail(message=_rejected(request, found.reason)), path)
    trip(commit, directive.id, found, request.node)
    code = "hitl_rejected" if isinstance(action, Fail) and request.decision != "approve" else found.code
    if found.action is not None:
        cause = request.note or f"{request.decision} by {request.by}"
        act(commit, [Acting(directive, found._replace(code=code), signal, item.source, cause)])


_SOURCES: Mapping[str, ActionSource] = {
    "approve": "hitl.approve",
    "reject": "hitl.reject",
    "timeout": "hitl.timeout",
}
_SIDES = {"approve": "approveAction", "reject": "rejectAction", "timeout": "onTimeout"}


def _rejected(request: HumanRequest, reason: str | None) -> str:
    return f"rejected by {request.by} and cannot be done again: {reason}"


def _open_request(state: State, request_id: str) -> HumanRequest:
    request = state.requests.get(request_id)
    if request is not None and request.decision is not None:
        raise AlreadyResolved(
            f"request {request_id} was decided ({request.decision}) by {request.by} at {request.decided_at}",
            request_id=request_id,
            decision=request.decision,
            by=request.by,
            at=request.decided_at,
        )
    if state.is_final:
        raise InvalidRunState(f"the run is {state.status}; nothing is left to decide", status=state.status)
    if request is None:
        known = ", ".join(state.open_requests) or "none"
        raise RequestNotFound(f"no request {request_id}; open requests: {known}", request_id=request_id)
    if request_id not in state.open_requests:
        raise InvalidRunState(
            f"request {request_id} lapsed: the attempt that asked was undone",
            status=state.status,
            request_id=request_id,
        )
    return request


def _check_edits(state: State, request: HumanRequest, edits: Mapping[str, Any]) -> None:
    for facet, value in edits.items():
        schema = state.catalog.schema_of(facet)
        issues = schema_issues(schema, value) if schema is not None else ()
        if issues:
            issue = issues[0]
            raise InvalidEdits(f"/edits/{facet}{issue.pointer}: {issue.message}", facet=facet, pointer=issue.pointer)
    if request.policy_id is None and request.node is not None:
        missing = set(state.capability_of(request.node).outputs) - set(_outputs(state, request, edits))
        if missing:
            facets = ", ".join(sorted(missing))
            raise InvalidEdits(f"/edits: node {request.node} delivers {facets}; add it to the edits", facet=facets)


def _decide_node(
    commit: Commit, request: HumanRequest, decision: str, by: str, note: str | None, edits: Mapping[str, Any]
) -> None:
    assert request.node is not None
    took_ms = ms_between(Instant(request.requested_at), commit.at)
    if decision == "approve":
        result = Result(outputs=_outputs(commit.state, request, edits), latency_ms=took_ms)
        complete(commit, request.node, request.attempt, result, by=by)
    else:
        failure = Failure(code="declined", error=note or f"declined by {by}", latency_ms=took_ms)
        fail(commit, request.node, request.attempt, failure)


def _outputs(state: State, request: HumanRequest, edits: Mapping[str, Any]) -> dict[str, Any]:
    """Return a human node's outputs from the edits; an output that is also an input may be left as it is."""
    assert request.node is not None
    given = {**state.inputs_of(request.node), **edits}
    return {facet: given[facet] for facet in state.capability_of(request.node).outputs if facet in given}


def _complete_edited(commit: Commit, request: HumanRequest, by: str, edits: Mapping[str, Any]) -> None:
    """Complete a failed node whose outputs the reviewer supplied; otherwise it will run again."""
    state = commit.state
    node = request.node
    if node is None or node not in state.failed or state.nodes[node].attempt != request.attempt:
        return
    declared = state.capability_of(node).outputs
    if declared and set(declared) <= set(edits):
        outputs = {facet: edits[facet] for facet in declared}
        complete(commit, node, request.attempt, Result(outputs=outputs, cost=0.0), by=by)


def _action_of(request: HumanRequest, decision: str, note: str | None, by: str) -> Action | None:
    """Return the action of a decision: authored, else go on after approval and fail after rejection."""
    match decision:
        case "approve":
            document = request.approve_action
        case "reject":
            document = request.reject_action
        case _:
            document = request.on_timeout
    if document is not None:
        return _ACTION.validate_python(document)
    return None if decision == "approve" else Fail(message=note or f"rejected by {by}")


def _signal(state: State, item: Item, request: HumanRequest) -> Signal:
    if request.node is None or request.node not in state.nodes:
        return Signal(item.id, "feedback")
    seen = state.seen(request.node)._replace(attempt=request.attempt)
    failed = state.nodes[request.node].status == "failed"
    return Signal(item.id, "node_failed" if failed else "node_completed", seen)
