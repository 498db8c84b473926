"""The answer to work that is not good enough: copies of what has started, from the target on (semantics 9).

Rules:
1. The started closure of the target is copied: the target as `TARGET~rewriteN`, the node that judged it as
   `JUDGE~recheckN`, any other started dependent as `NODE~redoN`; N counts per original node.
2. The rewrite invokes the first usable capability tagged `rewrite` that writes all of the target's facets and
   whose inputs are there, else the target's own; it is handed the judge's facets, too.
3. Each copy depends on the copies of what the node depended on, and on the node itself; the rewrite also on
   the judge, and on the last writer of a facet that the closure writes twice: no copy races with an original.
4. What has not started, or failed, is re-pointed to the copies; what an earlier intent of the request copied
   already is not copied again.
5. A target without a usable result, failed or timed out, is replaced by its rewrite instead of copied.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flexes.envelope.capability import Capability, Kind
from flexes.plan.facets import facet_producers, node_inputs, node_kind, node_outputs
from flexes.plan.fallback import is_stuck
from flexes.plan.handshake import ReplanIntent
from flexes.plan.plan import PlanNode
from flexes.plan.repoint import moved, repointed, successor
from flexes.plan.selection import is_usable
from flexes.plan.working import Change, Options, Working
from flexes.policy.selector import base_id

REWRITE_TAG: Final = "rewrite"
STARTED: Final = frozenset({"running", "completed"})


@dataclass(frozen=True, slots=True)
class Closure:
    """What a rewrite copies.

    Attributes:
        judge: The node whose signal judged the target; None when the target judged itself, or was not judged.
        members: What is copied, in plan order, each with the id of its copy.
        reused: What an earlier intent of the request copied, each with the id of that copy.
        is_stuck: Whether the target has no result, so that its copy takes its place.
    """

    target: PlanNode
    judge: PlanNode | None
    members: Mapping[str, str]
    reused: Mapping[str, str]
    is_stuck: bool

    @property
    def copies(self) -> Mapping[str, str]:
        """Everything that has a copy once the intent is answered."""
        return {**self.reused, **self.members}


def rewrite(intent: ReplanIntent, working: Working) -> Options:
    """Return the changes that would answer a rewrite intent, one for each capability that could rewrite."""
    if intent.target is None:
        return Options(otherwise="there is no node to rewrite: the signal has no completed execution node behind it")
    if successor(intent.target, working):
        return Options((Change(),))
    target = working.plan.by_id.get(intent.target)
    reason = f"the plan has no node '{intent.target}'" if target is None else _why_not(target, working)
    if target is None or reason:
        return Options(otherwise=reason or "")
    closure = _closure(target, intent, working)
    changes = (_change(closure, capability, working) for capability in _rewriters(closure, working))
    return Options(changes, f"no capability can rewrite '{target.id}'")


def _why_not(target: PlanNode, working: Working) -> str | None:
    limit = working.request.max_rewrites_per_node
    if working.status(target.id) == "pending":
        return f"'{target.id}' has not run, so there is nothing to rewrite"
    if working.numbering().highest(target.id, "rewrite") >= limit:
        return f"rewrite_limit: '{base_id(target.id)}' may be rewritten {limit} times"
    return None


def _closure(target: PlanNode, intent: ReplanIntent, working: Working) -> Closure:
    dependents = (node for node in working.plan.graph.descendants(target.id) if working.status(node) in STARTED)
    originals = (target.id, *dependents)
    judge = intent.node if intent.node in originals and intent.node != target.id else None
    numbering = working.numbering()
    roles = {target.id: "rewrite", judge: "recheck"}
    copied = {node: copy.id for node in originals if (copy := successor(node, working)) is not None}
    members = {node: numbering.take(node, roles.get(node, "redo")) for node in originals if node not in copied}
    stuck = working.status(target.id) == "failed" or (target.id == intent.node and is_stuck(target, intent, working))
    return Closure(target, working.plan.by_id[judge] if judge else None, members, copied, stuck)


def _rewriters(closure: Closure, working: Working) -> Iterator[Capability]:
    """Yield what may rewrite the target, best first (rule 2)."""
    request = working.request
    wanted = set(node_outputs(closure.target, request.catalog))
    for capability in request.catalog.by_id.values():
        can_rewrite = REWRITE_TAG in capability.tags and wanted <= set(capability.outputs)
        if can_rewrite and is_usable(capability, request.policies) and _is_fed(capability, closure, working):
            yield capability
    own = working.capability(closure.target)
    if own is not None:
        yield own


def _is_fed(capability: Capability, closure: Closure, working: Working) -> bool:
    target = closure.target.id
    if closure.is_stuck:
        return all(working.supply.reaches(facet, target) for facet in capability.inputs)
    behind = (target, closure.judge.id) if closure.judge else (target,)
    return all(working.supply.follows(facet, behind) for facet in capability.inputs)


def _change(closure: Closure, capability: Capability, working: Working) -> Change:
    target, plan = closure.target, working.plan
    rewritten = _rewritten(closure, capability, working)
    copies = tuple(_copy(plan.by_id[node], closure.copies) for node in closure.members if node != target.id)
    why = f"rewrite {target.id} as {rewritten.id} with {capability.id}"
    gone = (target.id,) if closure.is_stuck else ()
    return Change((rewritten, *copies, *repointed(working, closure.copies, closure.members)), gone, why)


def _copy(node: PlanNode, members: Mapping[str, str]) -> PlanNode:
    depends_on = dict.fromkeys((*moved(node.depends_on, members), node.id))
    changes = {"id": members[node.id], "depends_on": tuple(depends_on), "copy_of": node.id, "origin": None}
    return node.model_copy(update=changes)


def _rewritten(closure: Closure, capability: Capability, working: Working) -> PlanNode:
    target, catalog = closure.target, working.request.catalog
    behind = () if closure.is_stuck else (target.id, *_judges(closure), *_last_writers(closure, capability, working))
    is_own = capability.id == target.capability
    handed = node_inputs(target, catalog) if is_own else capability.inputs
    judged = node_outputs(closure.judge, catalog) if closure.judge else ()
    inputs = tuple(dict.fromkeys((*handed, *judged)))
    return PlanNode(
        id=closure.members[target.id],
        capability=capability.id,
        kind=target.kind if is_own else _kind(target, capability, working),
        stage=target.stage,
        depends_on=tuple(dict.fromkeys((*target.depends_on, *behind))),
        inputs=None if inputs == capability.inputs else inputs,
        copy_of=target.id,
        policy_overrides=target.policy_overrides,
    )


def _judges(closure: Closure) -> tuple[str, ...]:
    return (closure.judge.id,) if closure.judge else ()


def _kind(target: PlanNode, capability: Capability, working: Working) -> Kind | None:
    """Return the kind that keeps the node what it was for selectors; a person's node stays a human one."""
    kind = node_kind(target, working.request.catalog)
    return target.kind if kind == capability.kind or capability.kind == "human" else kind


def _last_writers(closure: Closure, capability: Capability, working: Working) -> Iterator[str]:
    """Yield what else the rewrite must wait for, so that no copy races with an original (rule 3)."""
    graph, target = working.plan.graph, closure.target.id
    members = (working.plan.by_id[node] for node in closure.members)
    for facet, writers in facet_producers(members, working.request.catalog).items():
        copied = {*writers, target} if facet in capability.outputs else set(writers)
        last = graph.in_order(writers)[-1]
        known = any(last == judge or graph.is_ancestor(last, judge) for judge in (target, *_judges(closure)))
        if len(copied) > 1 and not known:
            yield last
