"""The action dispatcher: one table from action type to handler, run before any planner handshake (story 8.23 IR7).

Whatever the source of an action, a signal, a decided request, a time limit or a person, it takes effect here:
PolicyTriggered first, then its effect.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flexes.ids import derived_id, plus_ms
from flexes.policy.actions import Action, Backoff, Emit, Fail, Goto, Hitl, Pause, Replan
from flexes.policy.context import Directive
from flexes.policy.signal import Signal, trigger_kind
from flexes.run import events as ev
from flexes.run.backoff import delay_ms
from flexes.run.commit import Commit
from flexes.run.gate import open_gate
from flexes.run.guards import Standing, request_id
from flexes.run.handshake import intent_of, open_handshake
from flexes.run.inbox import ActionSource


class Acting(NamedTuple):
    """An action about to take effect: whose, why, and on which signal."""

    directive: Directive
    standing: Standing
    signal: Signal
    source: ActionSource
    cause: str | None = None

    @property
    def node(self) -> str | None:
        """The node that the action is about."""
        return self.signal.node.id if self.signal.node else None


def act(commit: Commit, acting: list[Acting]) -> None:
    """Let the actions take effect in this order; replans share one request, made after the last of them.

    Where a fail is among them, the emits fire before it, since nothing follows the end of a run.
    """
    failing = [found for found in acting if isinstance(found.standing.action, Fail)]
    ordered = [found for found in acting if found not in failing] + failing
    replans = [found for found in ordered if isinstance(found.standing.action, Replan)]
    for found in ordered:
        action = found.standing.action
        assert action is not None
        _HANDLERS[type(action)](commit, found)
        if replans and found is replans[-1]:
            open_handshake(commit, [_intent(commit, replan) for replan in replans])


def trip(commit: Commit, directive: str, held: Standing, node: str | None, *, acts: bool = True) -> None:
    """Record every guard rail that held back a directive, and what follows instead."""
    follow_up = held.action.type if acts and held.action is not None else "continue"
    for rail in held.rails:
        commit.append(
            ev.GuardRailTripped,
            rail=rail.name,
            limit=rail.limit,
            policy_id=directive,
            node_id=node,
            follow_up=follow_up,
        )


def _goto(commit: Commit, acting: Acting) -> None:
    action, standing = acting.standing.action, acting.standing
    assert isinstance(action, Goto)
    assert standing.target is not None
    attempt = standing.attempt or 1
    _trigger(
        commit,
        acting,
        attempt=attempt,
        max_attempts=action.max_attempts,
        attempts_key=standing.attempts_key,
        target=standing.target,
    )
    state, target = commit.state, standing.target
    assert state.plan is not None
    reach = [
        found for found in (target, *state.plan.graph.descendants(target)) if state.nodes[found].status != "pending"
    ]
    cause = {
        "policyId": acting.directive.id, "action": "goto", "source": acting.source, "node": acting.node,
        "reason": acting.cause or acting.directive.expression,
    }  # fmt: skip
    commit.append(
        ev.NodesReset,
        target=target,
        nodes=tuple((found, state.nodes[found].attempt) for found in reach),
        cause={key: value for key, value in cause.items() if value is not None},
        not_before_at=_not_before(commit, acting, action.backoff, attempt),
    )


def _not_before(commit: Commit, acting: Acting, backoff: Backoff | None, attempt: int) -> str | None:
    if backoff is None:
        return None
    seed = derived_id(commit.state.run_id, "jitter", acting.directive.id, attempt)
    delay = delay_ms(backoff, attempt, seed)
    return plus_ms(commit.at, delay) if delay > 0 else None


def _replan(commit: Commit, acting: Acting) -> None:
    _trigger(commit, acting)


def _intent(commit: Commit, acting: Acting) -> dict[str, Any]:
    action = acting.standing.action
    assert isinstance(action, Replan)
    return intent_of(commit.state, acting.directive, action, acting.signal, acting.standing.target)


def _hitl(commit: Commit, acting: Acting) -> None:
    action, standing = acting.standing.action, acting.standing
    assert isinstance(action, Hitl)
    request = request_id(commit.state, acting.directive.id, standing.path, acting.signal)
    _trigger(commit, acting, request_id=request)
    attempt = acting.signal.node.attempt if acting.signal.node else None
    open_gate(commit, request, acting.directive.id, standing.path, acting.node, attempt, action)


def _fail(commit: Commit, acting: Acting) -> None:
    action = acting.standing.action
    assert isinstance(action, Fail)
    _trigger(commit, acting)
    message = action.message or acting.cause or f"failed by policy {acting.directive.id}"
    commit.append(
        ev.Failed,
        code=acting.standing.code,
        message=message,
        policy_id=acting.directive.id,
        action="fail",
        node_id=acting.node,
    )


def _pause(commit: Commit, acting: Acting) -> None:
    action = acting.standing.action
    assert isinstance(action, Pause)
    _trigger(commit, acting)
    commit.append(ev.Paused, reason=action.reason, policy_id=acting.directive.id, node_id=acting.node)


def _emit(commit: Commit, acting: Acting) -> None:
    action = acting.standing.action
    assert isinstance(action, Emit)
    _trigger(commit, acting)
    commit.append(
        ev.PolicyEmitted,
        policy_id=acting.directive.id,
        event=action.event,
        payload=action.payload,
        node_id=acting.node,
    )


_HANDLERS: Mapping[type[Action], Callable[[Commit, Acting], None]] = {
    Goto: _goto,
    Replan: _replan,
    Hitl: _hitl,
    Fail: _fail,
    Pause: _pause,
    Emit: _emit,
}


def _trigger(commit: Commit, acting: Acting, target: str | None = None, **fields: Any) -> None:
    directive, action, node = acting.directive, acting.standing.action, acting.signal.node
    assert action is not None
    details = action.wire()
    if target is not None:
        details["target"] = target
    if directive.cooldown_ms > 0:
        fields["cooldown_until_at"] = plus_ms(commit.at, directive.cooldown_ms)
    if directive.expression is not None:
        fields["predicate"] = {"expression": directive.expression, "outcome": "matched"}
    commit.append(
        ev.PolicyTriggered,
        policy_id=directive.id,
        action=action.type,
        action_details=details,
        trigger_kind=trigger_kind(directive, acting.signal),
        source=acting.source,
        node_id=node.id if node else None,
        capability_id=node.capability if node else None,
        cause=acting.cause,
        **fields,
    )
