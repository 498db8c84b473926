"""Checks of a plan against `policies.planner` (semantics 5).

Rules:
1. `max_nodes`, `max_depth`: the plan is no larger, and its longest chain no longer, than allowed.
2. `required_kind_missing`, `forbidden_kind`: a node's kind is its own, else its capability's.
3. `required_capability_missing`, `forbidden_capability`: entries name a capability id or a tag.
"""

from collections.abc import Iterator

from flexes.envelope.capability import Capability
from flexes.plan.facets import node_kind
from flexes.plan.handshake import Diagnostic
from flexes.plan.plan import Plan
from flexes.plan.selection import is_any_of, is_named
from flexes.plan.terms import Terms


def policy_findings(plan: Plan, terms: Terms) -> Iterator[Diagnostic]:
    """Yield how the plan breaks the planner policies, in the order of the rules."""
    yield from _size(plan, terms)
    yield from _kinds(plan, terms)
    yield from _capabilities(plan, terms)


def _size(plan: Plan, terms: Terms) -> Iterator[Diagnostic]:
    topology = terms.policies.topology
    if topology.max_nodes is not None and len(plan.nodes) > topology.max_nodes:
        yield Diagnostic(
            code="max_nodes",
            message=f"the plan has {len(plan.nodes)} nodes, at most {topology.max_nodes} are allowed",
            suggestion="plan fewer nodes, or raise planner.topology.maxNodes",
        )
    if topology.max_depth is not None and plan.graph.depth > topology.max_depth:
        yield Diagnostic(
            code="max_depth",
            message=f"the longest chain has {plan.graph.depth} nodes, at most {topology.max_depth} allowed",
            suggestion="let nodes run side by side, or raise planner.topology.maxDepth",
        )


def _kinds(plan: Plan, terms: Terms) -> Iterator[Diagnostic]:
    topology = terms.policies.topology
    present = {node_kind(node, terms.catalog) for node in plan.nodes}
    for kind in topology.required_kinds:
        if kind not in present:
            yield Diagnostic(
                code="required_kind_missing",
                message=f"the plan needs a node of kind '{kind}'",
                suggestion=_example(one for one in terms.catalog.capabilities if one.kind == kind),
            )
    for node in plan.nodes:
        kind_of_node = node_kind(node, terms.catalog)
        if kind_of_node in topology.forbidden_kinds:
            yield Diagnostic(
                code="forbidden_kind",
                node=node.id,
                capability=node.capability,
                message=f"'{node.id}' is of kind '{kind_of_node}', which planner.topology forbids",
                suggestion="use a capability of another kind",
            )


def _capabilities(plan: Plan, terms: Terms) -> Iterator[Diagnostic]:
    selection = terms.policies.selection
    known = terms.catalog.by_id
    invoked = dict.fromkeys(node.capability for node in plan.nodes)
    used = tuple(known[name] for name in invoked if name in known)
    for entry in selection.require:
        if not any(is_named(capability, entry) for capability in used):
            yield Diagnostic(
                code="required_capability_missing",
                message=f"the plan needs '{entry}', a capability id or a tag",
                suggestion=_example(one for one in terms.catalog.capabilities if is_named(one, entry)),
            )
    forbidden = {capability.id for capability in used if is_any_of(capability, selection.forbid)}
    for node in plan.nodes:
        if node.capability in forbidden:
            yield Diagnostic(
                code="forbidden_capability",
                node=node.id,
                capability=node.capability,
                message=f"'{node.id}' invokes '{node.capability}', which planner.selection forbids",
                suggestion="use another capability",
            )


def _example(capabilities: Iterator[Capability]) -> str | None:
    found = next((capability for capability in capabilities if capability.available), None)
    return f"add a node that invokes '{found.id}'" if found else None
