"""Checks of a delta against the plan that it changes (semantics 9).

Rules:
1. `stale_base`: a delta changes the current version; against another one nothing else is looked at.
2. `unknown_node`: replace and remove name nodes of the plan.
3. `duplicate_node`: an added id is new, and no id is named twice.
4. `node_locked`: completed and running nodes stay as they are; a running one that timed out may be replaced.
5. `no_change`: some node definition differs afterwards.
6. `oscillation`: no definition comes back that an earlier delta took away.
7. `rewrite_limit`: no more rewrites of one original node than the guard rail allows.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flexes.plan.check_nodes import duplicate_node
from flexes.plan.handshake import Delta, Diagnostic, NodeProgress
from flexes.plan.plan import Plan, PlanNode
from flexes.plan.terms import did_you_mean
from flexes.policy.selector import base_id

LOCKED: Final = frozenset({"completed", "running"})
"""Statuses of nodes that a delta must leave alone."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run has come with the plan.

    Attributes:
        taken_away: Node definitions that earlier deltas removed or replaced.
        replaceable: Running nodes that timed out, which a delta may change all the same.
    """

    nodes: Mapping[str, NodeProgress]
    taken_away: frozenset[str]
    replaceable: frozenset[str]

    def locks(self, node: str) -> bool:
        """Return whether a delta must leave the node as it is."""
        progress = self.nodes.get(node)
        return progress is not None and progress.status in LOCKED and node not in self.replaceable


def stale_base(base: int, current: int) -> Diagnostic:
    """Return the finding that the delta was made for another version."""
    return Diagnostic(
        code="stale_base",
        message=f"the delta changes plan version {base}, the current one is {current}",
        suggestion=f"make the delta for version {current}",
    )


def name_findings(delta: Delta, plan: Plan, progress: Progress) -> Iterator[Diagnostic]:
    """Yield what is wrong with the ids that the delta names: rules 2 to 4."""
    yield from _unknown_nodes(delta, plan)
    yield from _named_twice(delta, plan)
    for node in dict.fromkeys((*(change.id for change in delta.replace), *delta.remove)):
        if progress.locks(node):
            yield Diagnostic(
                code="node_locked",
                node=node,
                message=f"'{node}' is {progress.nodes[node].status} and cannot be changed or removed",
                suggestion=f"add a new node that depends on '{node}' instead",
            )


def effect_findings(plan: Plan, after: Plan, progress: Progress) -> Iterator[Diagnostic]:
    """Yield what is wrong with what the delta does to the plan: rules 5 and 6."""
    fresh = changed_nodes(plan, after)
    if not fresh and len(plan.by_id) == len(after.by_id):
        yield Diagnostic(
            code="no_change",
            message="the delta leaves every node's capability, dependencies and inputs as they are",
            suggestion="change something, or decline",
        )
    for node in fresh:
        if node.definition in progress.taken_away:
            yield Diagnostic(
                code="oscillation",
                node=node.id,
                capability=node.capability,
                message=f"'{node.id}' comes back as an earlier version of the plan had it",
                suggestion="use another capability, other dependencies or a new id",
            )


def rewrite_findings(plan: Plan, after: Plan, limit: int) -> Iterator[Diagnostic]:
    """Yield the original nodes that the delta has rewritten too often: rule 7."""
    rewrites = tuple(node.id for node in after.nodes if node.is_rewrite)
    counts = Counter(base_id(rewrite) for rewrite in rewrites)
    for original in dict.fromkeys(base_id(rewrite) for rewrite in rewrites if rewrite not in plan.by_id):
        if counts[original] > limit:
            yield Diagnostic(
                code="rewrite_limit",
                node=original,
                message=f"'{original}' would have {counts[original]} rewrites, at most {limit} allowed",
                suggestion="decline, or raise guardRails.maxRewritesPerNode",
            )


def changed_nodes(plan: Plan, after: Plan) -> tuple[PlanNode, ...]:
    """Return the nodes whose definition the plan did not have under their id, in their order."""
    return tuple(node for node in after.nodes if not _has_same(plan, node))


def _has_same(plan: Plan, node: PlanNode) -> bool:
    before = plan.by_id.get(node.id)
    return before is not None and (node is before or node.definition == before.definition)


def _unknown_nodes(delta: Delta, plan: Plan) -> Iterator[Diagnostic]:
    named = ((change.id, "replace") for change in delta.replace)
    taken = ((node, "remove") for node in delta.remove)
    unknown = ((node, verb) for node, verb in (*named, *taken) if node not in plan.by_id)
    for place, (node, verb) in enumerate(unknown):
        yield Diagnostic(
            code="unknown_node",
            node=node,
            message=f"the delta would {verb} '{node}', which version {plan.version} does not have",
            suggestion=did_you_mean(node, tuple(plan.by_id), place),
        )


def _named_twice(delta: Delta, plan: Plan) -> Iterator[Diagnostic]:
    counts = Counter((*(change.id for change in delta.replace), *delta.remove))
    yield from (duplicate_node(node) for node, count in counts.items() if count > 1)
    removed: Collection[str] = set(delta.remove)
    seen = {node.id for node in plan.nodes if node.id not in removed}
    for node in delta.add:
        if node.id in seen:
            yield duplicate_node(node.id)
        seen.add(node.id)
