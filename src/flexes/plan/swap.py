"""The answer to a breached latency: listed fallbacks that are strictly faster (semantics 9).

Rules:
1. Every pending node that uses the slow node's capability gets its first listed strictly faster fallback with
   the same outputs; those that have none stay.
2. The slow node itself is swapped too if it failed or timed out; a failed one must be.
"""

from collections.abc import Iterator

from flexes.envelope.capability import Capability
from flexes.plan.fallback import is_stuck
from flexes.plan.handshake import ReplanIntent
from flexes.plan.plan import PlanNode
from flexes.plan.substitutes import first_substitutes, is_faster
from flexes.plan.working import Change, Options, Working


def swap(intent: ReplanIntent, working: Working) -> Options:
    """Return the change that would answer a swap intent."""
    slow = working.base.by_id.get(intent.node or "")
    capability = working.capability(slow) if slow else None
    if slow is None or capability is None:
        return Options(otherwise="the signal names no node of the plan, so there is no capability to swap")
    swapped = first_substitutes(_users(slow, intent, working), working, is_faster)
    must_be_swapped = slow.id in working.plan.by_id and working.status(slow.id) == "failed"
    if must_be_swapped and slow.id not in {node.id for node in swapped}:
        return Options(otherwise=f"'{slow.id}' failed, and no listed fallback that is faster can stand in for it")
    if not swapped and _is_swapped(capability, working):
        return Options((Change(),))
    if not swapped:
        return Options(otherwise=f"no listed fallback of '{capability.id}' is faster for a node that has yet to run")
    why = ", ".join(f"{node.id} by {node.capability}" for node in swapped)
    return Options((Change(swapped, why=f"swap {why}"),), "the faster fallbacks break a rule")


def _users(slow: PlanNode, intent: ReplanIntent, working: Working) -> Iterator[PlanNode]:
    for node in working.plan.nodes:
        is_slow_one = node.id == slow.id and is_stuck(node, intent, working)
        if is_slow_one or (node.capability == slow.capability and working.status(node.id) == "pending"):
            yield node


def _is_swapped(slow: Capability, working: Working) -> bool:
    """Whether an earlier intent of the request already put something faster in its place."""
    now = (working.plan.by_id.get(node.id) for node in working.base.nodes if node.capability == slow.id)
    capabilities = (working.capability(node) for node in now if node is not None)
    return any(is_faster(slow, capability) for capability in capabilities if capability is not None)
