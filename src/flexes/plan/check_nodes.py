"""Checks of the nodes themselves (semantics 9).

Rules:
1. `duplicate_node`: an id names one node.
2. `unknown_dependency`: dependsOn names nodes of the plan.
3. `cycle`: the dependencies form a DAG; the finding names one cycle.
4. `unknown_capability`, `unavailable_capability`: every node can be invoked.
5. `unknown_policy` (a warning): an opt-out names a directive of the run.
"""

from collections.abc import Iterator, Sequence

from flexes.plan.graph import Graph
from flexes.plan.handshake import Diagnostic
from flexes.plan.plan import Plan, PlanNode
from flexes.plan.terms import Terms, did_you_mean


def distinct(nodes: Sequence[PlanNode]) -> tuple[PlanNode, ...]:
    """Return the nodes without those whose id came before."""
    first: dict[str, PlanNode] = {}
    for node in nodes:
        first.setdefault(node.id, node)
    return tuple(first.values())


def duplicate_nodes(nodes: Sequence[PlanNode]) -> Iterator[Diagnostic]:
    """Yield a finding for each id that is used again."""
    seen: set[str] = set()
    for node in nodes:
        if node.id in seen:
            yield duplicate_node(node.id)
        seen.add(node.id)


def duplicate_node(node: str) -> Diagnostic:
    """Return the finding that an id is used twice."""
    return Diagnostic(
        code="duplicate_node",
        node=node,
        message=f"the id '{node}' is used twice",
        suggestion="give each node its own id, and name it once in a delta",
    )


def node_findings(plan: Plan, terms: Terms) -> Iterator[Diagnostic]:
    """Yield what is wrong with single nodes and their dependencies, in the order of the rules."""
    yield from _unknown_dependencies(plan)
    yield from _cycle(plan.graph)
    yield from _capabilities(plan, terms)
    yield from _opt_outs(plan, terms)


def _unknown_dependencies(plan: Plan) -> Iterator[Diagnostic]:
    named = ((node, parent) for node in plan.nodes for parent in node.depends_on)
    unknown = ((node, parent) for node, parent in named if parent not in plan.by_id)
    for place, (node, parent) in enumerate(unknown):
        near = did_you_mean(parent, tuple(plan.by_id), place)
        yield Diagnostic(
            code="unknown_dependency",
            node=node.id,
            message=f"'{node.id}' depends on '{parent}', which the plan does not have",
            suggestion=near or f"add '{parent}' or remove it from dependsOn",
        )


def _cycle(graph: Graph) -> Iterator[Diagnostic]:
    if graph.cyclic:
        cycle = _one_cycle(graph)
        yield Diagnostic(
            code="cycle",
            node=cycle[0],
            message=f"the nodes wait for each other: {' -> '.join((*cycle, cycle[0]))}",
            suggestion="remove one of these from dependsOn",
        )


def _one_cycle(graph: Graph) -> tuple[str, ...]:
    """Walk from a node that was never placed to one that it waits for, until a node comes again."""
    stuck = set(graph.cyclic)
    walked: dict[str, None] = {}
    here = graph.cyclic[0]
    while here not in walked:
        walked[here] = None
        here = next(parent for parent in graph.depends_on[here] if parent in stuck)
    path = tuple(walked)
    return path[path.index(here) :]


def _capabilities(plan: Plan, terms: Terms) -> Iterator[Diagnostic]:
    known = terms.catalog.by_id
    misses = 0
    for node in plan.nodes:
        capability = known.get(node.capability)
        if capability is None:
            hint = did_you_mean(node.capability, tuple(known), misses) or "use a capability of the catalog"
            misses += 1
            yield _finding("unknown_capability", node, "which the catalog does not have", hint)
        elif not capability.available:
            hint = _stand_in(capability.fallbacks, terms) or "use another capability"
            yield _finding("unavailable_capability", node, "which is not available", hint)


def _stand_in(fallbacks: Sequence[str], terms: Terms) -> str | None:
    listed = (terms.catalog.by_id.get(fallback) for fallback in fallbacks)
    found = next((stand_in.id for stand_in in listed if stand_in and stand_in.available), None)
    return f"use its fallback '{found}'" if found else None


def _finding(code: str, node: PlanNode, fault: str, hint: str) -> Diagnostic:
    return Diagnostic(
        code=code,
        node=node.id,
        capability=node.capability,
        message=f"'{node.id}' invokes '{node.capability}', {fault}",
        suggestion=hint,
    )


def _opt_outs(plan: Plan, terms: Terms) -> Iterator[Diagnostic]:
    if terms.known_policies is None:
        return
    overriding = ((node, node.policy_overrides) for node in plan.nodes if node.policy_overrides)
    named = ((node, policy) for node, overrides in overriding for policy in overrides.opt_out)
    unknown = ((node, policy) for node, policy in named if policy not in terms.known_policies)
    for place, (node, policy) in enumerate(unknown):
        yield Diagnostic(
            code="unknown_policy",
            severity="warning",
            node=node.id,
            message=f"'{node.id}' opts out of '{policy}', which the run does not have",
            suggestion=did_you_mean(policy, sorted(terms.known_policies), place),
        )
