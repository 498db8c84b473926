"""Guard rails: what one action of one directive may still do, judged from the counters in the state.

| action | held back when | outcome |
|---|---|---|
| goto | no target; `maxAttempts` used | target_missing; exhausted |
| replan | no target; `maxReplans`, `maxReplansPerPolicy` or the target's rewrites used | target_missing; exhausted |
| hitl | the same request was opened before; `maxHitlRequests` used | exhausted |

An exhausted action has a follow-up, which takes the directive's place in the order.
"""

from typing import Literal, NamedTuple, assert_never

from flexes.ids import derived_id
from flexes.policy.actions import Action, Emit, Fail, Fallout, Goto, Hitl, Pause, Replan
from flexes.policy.context import Directive
from flexes.policy.selector import base_id
from flexes.policy.signal import Signal
from flexes.run.records import PolicyCount
from flexes.run.state import State
from flexes.run.targets import goto_target, replan_intent, replan_target, target_required

Outcome = Literal[
    "disabled",
    "opted_out",
    "skipped",
    "invalid",
    "cooling_down",
    "target_missing",
    "exhausted",
    "superseded",
    "matched",
]


class Rail(NamedTuple):
    """A cap that held: its name in the policies, and its value."""

    name: str
    limit: int


class Standing(NamedTuple):
    """What an action may do.

    Attributes:
        outcome: "matched" if it may act, else what holds it back.
        action: What acts: the action itself or its follow-up; None for nothing.
        path: Where the acting action stands in the directive: "action", "action/onExhausted", ...
        code: The stable code of a Failed that it leads to.
    """

    outcome: Outcome
    reason: str | None = None
    action: Action | None = None
    path: str = "action"
    target: str | None = None
    attempts_key: str | None = None
    attempt: int | None = None
    rails: tuple[Rail, ...] = ()
    code: str = "policy_failed"


def standing(
    state: State,
    directive: Directive,
    action: Action,
    path: str,
    signal: Signal,
    hitl_ahead: int = 0,
) -> Standing:
    """Return what the action may do now; `hitl_ahead` requests will be opened before it in the same commit."""
    node = signal.node.id if signal.node else None
    match action:
        case Goto():
            found = _goto(state, directive, action, path, node)
            return _followed_up(state, directive, found, signal, hitl_ahead)
        case Replan():
            found = _replan(state, directive, action, path, signal)
            return _followed_up(state, directive, found, signal, hitl_ahead)
        case Hitl():
            return _hitl(state, directive, action, path, signal, hitl_ahead)
        case Fail() | Pause() | Emit():
            return Standing("matched", None, action, path)
        case _:
            assert_never(action)


def request_id(state: State, directive_id: str, path: str, signal: Signal) -> str:
    """Return the id of the request that a hitl action opens: one per directive, path and node attempt, ever.

    A signal without a node has no attempt; its own id stands in.
    """
    node, attempt = (signal.node.id, signal.node.attempt) if signal.node else ("", 0)
    return derived_id(state.run_id, "hitl", directive_id, path, node, attempt, "" if signal.node else signal.id)


def fallout(state: State, directive: Directive) -> Fallout:
    """Return what follows when the planner cannot help the directive: its own `onUnresolved`, else `onLimit`."""
    return directive.on_unresolved or state.context.guard_rails.on_limit


def follow_up(kind: Fallout, reason: str) -> Action | None:
    """Return a fallout as the action that it is; None to go on."""
    match kind:
        case "fail":
            return Fail(message=reason)
        case "hitl":
            return Hitl(rationale=reason)
        case "continue":
            return None
        case _:
            assert_never(kind)


def _followed_up(state: State, directive: Directive, found: Standing, signal: Signal, hitl_ahead: int) -> Standing:
    """Return an exhausted standing with what its follow-up may do: that one has guard rails of its own."""
    if found.outcome != "exhausted" or found.action is None:
        return found
    then = standing(state, directive, found.action, found.path, signal, hitl_ahead)
    return found._replace(
        action=then.action,
        path=then.path,
        target=then.target,
        rails=(*found.rails, *then.rails),
        code=found.code if then.outcome == "matched" else then.code,
    )


def _goto(state: State, directive: Directive, action: Goto, path: str, node: str | None) -> Standing:
    target = goto_target(state, action, node)
    if target is None:
        return Standing("target_missing", f"nothing to go to: {_wanted(action, node)}")
    key = f"node:{target}" if directive.attempts_per_node else path
    used = state.policies.get(directive.id, PolicyCount()).attempts.get(key, 0)
    if used < action.max_attempts:
        return Standing("matched", None, action, path, target, key, used + 1)
    reason = f"maxAttempts {action.max_attempts} used"
    return Standing("exhausted", reason, action.on_exhausted, f"{path}/onExhausted", code="attempts_exhausted")


def _wanted(action: Goto, node: str | None) -> str:
    if action.next is None:
        return "the signal has no node" if node is None else f"{node} never started, or waits to run again"
    return (
        f"{action.next} never started, or waits to run again"
        if isinstance(action.next, str)
        else "no started node matches the selector"
    )


def _replan(state: State, directive: Directive, action: Replan, path: str, signal: Signal) -> Standing:
    if not state.flags.replanning:
        return Standing("disabled", "the flag replanning is off")
    node = signal.node.id if signal.node else None
    intent = replan_intent(action, signal)
    target = replan_target(state, action, intent, node)
    if target is None and target_required(directive, action, intent):
        return Standing("target_missing", f"nothing to {intent}: {action.target or 'no completed execution node'}")
    rail = _replan_rail(state, directive, intent, target)
    if rail is None:
        return Standing("matched", None, action, path, target)
    reason = f"{rail.name} {rail.limit} reached"
    action_then = follow_up(fallout(state, directive), f"{directive.id}: {reason}")
    return Standing("exhausted", reason, action_then, f"{path}/onUnresolved", target, rails=(rail,), code="guard_rail")


def _replan_rail(state: State, directive: Directive, intent: str, target: str | None) -> Rail | None:
    rails = state.context.guard_rails
    count = state.policies.get(directive.id, PolicyCount())
    if state.replans >= rails.max_replans:
        return Rail("maxReplans", rails.max_replans)
    if count.replans >= rails.max_replans_per_policy:
        return Rail("maxReplansPerPolicy", rails.max_replans_per_policy)
    if intent != "rewrite" or target is None:
        return None
    made = state.rewrites.get(base_id(target), 0)
    if made >= rails.max_rewrites_per_node:
        return Rail("maxRewritesPerNode", rails.max_rewrites_per_node)
    if directive.max_rewrites is not None and made >= directive.max_rewrites:
        return Rail("maxRewrites", directive.max_rewrites)
    return None


def _hitl(state: State, directive: Directive, action: Hitl, path: str, signal: Signal, hitl_ahead: int) -> Standing:
    if request_id(state, directive.id, path, signal) in state.requests:
        return Standing("exhausted", "already requested for this attempt")
    limit = state.context.guard_rails.max_hitl_requests
    if state.policy_requests + hitl_ahead >= limit:
        rail = Rail("maxHitlRequests", limit)
        reason = f"maxHitlRequests {limit} reached"
        message = Fail(message=f"{directive.id}: {reason}")
        return Standing("exhausted", reason, message, path, rails=(rail,), code="hitl_limit")
    return Standing("matched", None, action, path)
