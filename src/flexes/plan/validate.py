"""Validation of what a planner answers: pure, complete, the same findings each time (semantics 9).

All rules are looked at, so that a planner learns every fault at once; only what rests on a DAG waits for one,
and a delta against another version is not looked at further. Errors refuse an answer, warnings do not.
"""

from collections.abc import Collection, Iterator, Mapping

from flexes.envelope.capability import Catalog
from flexes.envelope.contract import OutputContract
from flexes.plan.check_delta import (
    Progress,
    changed_nodes,
    effect_findings,
    name_findings,
    rewrite_findings,
    stale_base,
)
from flexes.plan.check_facets import facet_findings, schema_findings
from flexes.plan.check_nodes import distinct, duplicate_nodes, node_findings
from flexes.plan.check_policies import policy_findings
from flexes.plan.handshake import Delta, Diagnostic, Draft, NodeProgress, applied
from flexes.plan.plan import Plan
from flexes.plan.terms import Terms, terms
from flexes.policy.authored import PlannerPolicies


def draft_diagnostics(
    draft: Draft,
    catalog: Catalog,
    inputs: Collection[str],
    contract: OutputContract,
    policies: PlannerPolicies,
    *,
    known_policies: Collection[str] | None = None,
) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a first plan.

    Args:
        inputs: Names of the facets that the envelope gives.
        known_policies: Directive ids that a node may opt out of; None leaves that rule out.
    """
    agreed = terms(catalog, inputs, contract, policies, known_policies=known_policies)
    plan = Plan(version=1, nodes=distinct(draft.nodes))
    findings = (
        *duplicate_nodes(draft.nodes),
        *_plan_findings(plan, agreed),
        *schema_findings(plan.nodes, agreed, contract=True),
    )
    return tuple(findings)


def delta_diagnostics(
    delta: Delta,
    plan: Plan,
    progress: Mapping[str, NodeProgress],
    taken_away: Collection[str],
    replaceable: Collection[str],
    catalog: Catalog,
    inputs: Collection[str],
    contract: OutputContract,
    policies: PlannerPolicies,
    asked_version: int,
    *,
    max_rewrites_per_node: int = 2,
    known_policies: Collection[str] | None = None,
) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a change of the current plan.

    Args:
        progress: How far the nodes have come; a node that is not named is pending.
        taken_away: Node definitions that earlier deltas removed or replaced.
        replaceable: Running nodes that timed out, which may be replaced or removed.
        inputs: Names of the facets that the envelope gives.
        asked_version: The version that the planner was asked about; the base of a delta that names none.
        known_policies: Directive ids that a node may opt out of; None leaves that rule out.
    """
    base = asked_version if delta.base_version is None else delta.base_version
    if base != plan.version:
        return (stale_base(base, plan.version),)
    agreed = terms(catalog, inputs, contract, policies, max_rewrites_per_node, known_policies)
    so_far = Progress(progress, frozenset(taken_away), frozenset(replaceable))
    return tuple(_delta_findings(delta, plan, so_far, agreed))


def errors_of(diagnostics: Collection[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the findings that refuse an answer."""
    return tuple(finding for finding in diagnostics if finding.severity == "error")


def _delta_findings(delta: Delta, plan: Plan, progress: Progress, agreed: Terms) -> Iterator[Diagnostic]:
    after = Plan(version=plan.version + 1, nodes=distinct(applied(plan, delta)))
    yield from name_findings(delta, plan, progress)
    yield from effect_findings(plan, after, progress)
    yield from rewrite_findings(plan, after, agreed.max_rewrites_per_node)
    yield from _plan_findings(after, agreed)
    yield from schema_findings(changed_nodes(plan, after), agreed, contract=False)


def _plan_findings(plan: Plan, agreed: Terms) -> Iterator[Diagnostic]:
    yield from node_findings(plan, agreed)
    if not plan.graph.cyclic:
        yield from facet_findings(plan, agreed)
    yield from policy_findings(plan, agreed)
