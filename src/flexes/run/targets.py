"""Which node an action is about: the node to run again, or the node to rewrite."""

from flexes.policy.actions import Goto, Replan
from flexes.policy.context import Directive
from flexes.policy.selector import Selector
from flexes.policy.signal import Signal
from flexes.run.state import State


def goto_target(state: State, action: Goto, node: str | None) -> str | None:
    """Return the node to run again: named, selected (nearest upstream, then plan order) or the trigger's; None if none.

    A node that never started, waits to run again anyway, or is not in the plan, is no target (semantics 8).
    """
    wanted = action.next
    if isinstance(wanted, Selector):
        wanted = _selected(state, wanted, node)
    found = node if action.next is None else wanted
    started = found is not None and found in state.nodes and state.nodes[found].status != "pending"
    return found if started else None


def replan_intent(action: Replan, signal: Signal) -> str:
    """Return what a replan asks for: authored, else a timeout -> swap, a failed node -> fallback, else rewrite."""
    if action.intent is not None:
        return action.intent
    if signal.kind == "timeout" or signal.timed_out:
        return "swap"
    return "fallback" if signal.kind == "node_failed" else "rewrite"


def replan_target(state: State, action: Replan, intent: str, node: str | None) -> str | None:
    """Return the node to rewrite: the named one's newest completed copy, the signal's node if it is execution, else its
    nearest completed execution ancestor; None where there is none.
    """
    if action.target is not None:
        copies = [
            found
            for found in (state.plan.graph.index if state.plan else ())
            if found == action.target or found.startswith(f"{action.target}~rewrite")
        ]
        return next((found for found in reversed(copies) if _may_be_rewritten(state, found, node)), None)
    if intent != "rewrite" or node is None or node not in state.nodes:
        return None
    if state.kind_of(node) == "execution":
        return node
    assert state.plan is not None
    candidates = [
        found
        for found in state.plan.graph.ancestors(node)
        if state.nodes[found].status == "completed" and state.kind_of(found) == "execution"
    ]
    return candidates[-1] if candidates else None


def target_required(directive: Directive, action: Replan, intent: str) -> bool:
    """Return whether the replan is pointless without a target: a named one, or a threshold's rewrite."""
    return action.target is not None or (directive.from_threshold and intent == "rewrite")


def _may_be_rewritten(state: State, found: str, node: str | None) -> bool:
    if node is None or state.plan is None:
        return node is None and state.nodes[found].status == "completed"
    if found == node:
        return True
    return state.nodes[found].status == "completed" and state.plan.graph.is_ancestor(found, node)


def _selected(state: State, selector: Selector, node: str | None) -> str | None:
    if state.plan is None:
        return None
    started = [
        found
        for found in state.plan.graph.index
        if state.nodes[found].status != "pending" and selector.matches(state.seen(found))
    ]
    upstream = state.plan.graph.nearest(started, node) if node is not None and node in state.nodes else None
    return upstream or (started[0] if started else None)
