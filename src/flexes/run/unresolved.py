"""What follows when the planner could not help: `onUnresolved` of each directive that asked, else `onLimit`."""

from collections.abc import Mapping, Sequence
from typing import Any

from flexes.policy.actions import Fail, Hitl
from flexes.policy.signal import Signal
from flexes.run import events as ev
from flexes.run.commit import Commit
from flexes.run.dispatch import Acting, act, trip
from flexes.run.guards import Standing, fallout, follow_up, standing
from flexes.run.state import State


def fall_out(commit: Commit, intents: Sequence[Mapping[str, Any]], unresolved: Sequence[tuple[str, str]]) -> None:
    """Let the fallbacks act, in the order of the request; the first that fails the run acts alone."""
    if commit.state.plan is None:
        for _, reason in unresolved:
            commit.append(ev.Failed, code="plan_failed", message=f"no plan: {reason}")
        return
    by_directive = {intent["directive"]: intent for intent in intents}
    found: list[Acting] = []
    for directive, reason in unresolved:
        ahead = sum(isinstance(one.standing.action, Hitl) for one in found)
        found.append(_acting(commit.state, by_directive[directive], reason, ahead))
    acting = [one for one in found if one.standing.action is not None]
    failing = [one for one in acting if isinstance(one.standing.action, Fail)]
    for one in found:
        trip(commit, one.directive.id, one.standing, one.node)
    act(commit, failing[:1] or acting)


def _acting(state: State, intent: Mapping[str, Any], reason: str, hitl_ahead: int) -> Acting:
    directive = state.context.by_id[intent["directive"]]
    signal = _signal(state, intent)
    action = follow_up(fallout(state, directive), f"{directive.id}: {reason}")
    path = "action/onUnresolved"
    if action is None:
        return Acting(directive, Standing("exhausted", reason), signal, "runtime", reason)
    allowed = standing(state, directive, action, path, signal, hitl_ahead)
    if isinstance(allowed.action, Fail) and allowed.code != "hitl_limit":
        allowed = allowed._replace(code="plan_unresolved")
    return Acting(directive, allowed, signal, "runtime", reason)


def _signal(state: State, intent: Mapping[str, Any]) -> Signal:
    identity, node = f"signal-{state.version}", intent.get("node")
    if node is None or node not in state.nodes:
        return Signal(identity, "feedback")
    failed = state.nodes[node].status == "failed"
    return Signal(identity, "node_failed" if failed else "node_completed", state.seen(node))
