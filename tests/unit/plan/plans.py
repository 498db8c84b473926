"""Small catalogs, plans and planner requests to test with; all that is not named gets a plain value."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flexes.envelope.capability import Capability, Catalog
from flexes.envelope.contract import FacetsContract, FreeformContract, OutputContract
from flexes.plan.handshake import (
    Decline,
    Delta,
    Diagnostic,
    Draft,
    NodeProgress,
    PlannerRequest,
    ReplanIntent,
    applied,
)
from flexes.plan.plan import Plan, PlanNode
from flexes.plan.planner import plan_answer
from flexes.plan.validate import delta_diagnostics, draft_diagnostics
from flexes.policy.authored import PlannerPolicies


def capability(name: str, inputs: str = "", outputs: str = "", **fields: Any) -> Capability:
    """Return a capability; inputs and outputs are facets separated by spaces."""
    return Capability(id=name, inputs=tuple(inputs.split()), outputs=tuple(outputs.split()), **fields)


def catalog(*capabilities: Capability, **schemas: dict[str, Any]) -> Catalog:
    """Return the capabilities with these facet schemas."""
    facets = {name: {"schema": schema} for name, schema in schemas.items()}
    return Catalog.model_validate({"capabilities": capabilities, "facets": facets})


def node(name: str, invokes: str, depends_on: str = "", **fields: Any) -> PlanNode:
    """Return a node; dependencies are separated by spaces."""
    return PlanNode(id=name, capability=invokes, depends_on=tuple(depends_on.split()), **fields)


def plan(*nodes: PlanNode) -> Plan:
    """Return version 1 with these nodes."""
    return Plan(version=1, nodes=nodes)


def wants(facets: str) -> OutputContract:
    """Return the contract for these facets, separated by spaces; freeform for none."""
    if not facets:
        return FreeformContract(mode="freeform")
    return FacetsContract(mode="facets", facets=tuple(facets.split()))


def policies(**groups: Any) -> PlannerPolicies:
    """Return planner policies from their wire form."""
    return PlannerPolicies.model_validate(groups)


def statuses(**by_node: str) -> dict[str, NodeProgress]:
    """Return the progress of nodes; ids with a `~` are given with `__` instead."""
    return {
        name.replace("__", "~"): NodeProgress.model_validate({"status": status}) for name, status in by_node.items()
    }


def intent(kind: str, **fields: Any) -> ReplanIntent:
    """Return an intent of the directive `policy`."""
    return ReplanIntent.model_validate({"directive": "policy", "intent": kind} | fields)


def request(
    known: Catalog,
    facets: str = "copy",
    *,
    given: str = "brief",
    on: Plan | None = None,
    progress: Mapping[str, NodeProgress] | None = None,
    intents: Sequence[ReplanIntent] = (),
    **fields: Any,
) -> PlannerRequest:
    """Return a request; without `on` for the first plan."""
    return PlannerRequest(
        run_id="run",
        request_id="request",
        attempt=1,
        objective="sell",
        contract=wants(facets),
        inputs=dict.fromkeys(given.split(), "given"),
        catalog=known,
        policies=fields.pop("policies", PlannerPolicies()),
        plan=on,
        progress=dict(progress or {}),
        intents=tuple(intents),
        **fields,
    )


def drafted(asked: PlannerRequest) -> Draft:
    """Return the draft that answers the request, and insist that there is one."""
    answer = plan_answer(asked)
    assert isinstance(answer, Draft), answer
    return answer


def changed(asked: PlannerRequest) -> Delta:
    """Return the delta that answers the request, and insist that there is one without findings."""
    answer = plan_answer(asked)
    assert isinstance(answer, Delta), answer
    assert findings(asked, answer) == ()
    return answer


def declined(asked: PlannerRequest) -> str:
    """Return why the planner declines, and insist that it does."""
    answer = plan_answer(asked)
    assert isinstance(answer, Decline), answer
    return answer.reason


def findings(asked: PlannerRequest, answer: Draft | Delta, **options: Any) -> tuple[Diagnostic, ...]:
    """Return what validation says about an answer to the request."""
    terms = (asked.catalog, asked.inputs, asked.contract, asked.policies)
    if isinstance(answer, Draft):
        return draft_diagnostics(answer, *terms, **options)
    assert asked.plan is not None
    late = [one.node for one in asked.intents if one.timed_out and one.node]
    limit = asked.max_rewrites_per_node
    return delta_diagnostics(
        answer,
        asked.plan,
        asked.progress,
        asked.taken_away,
        late,
        *terms,
        asked.plan.version,
        max_rewrites_per_node=limit,
        **options,
    )


def codes(found: Collection[Diagnostic]) -> list[str]:
    """Return the codes of findings."""
    return [finding.code for finding in found]


def shape(nodes: Collection[PlanNode]) -> dict[str, tuple[str, list[str]]]:
    """Return nodes as `{id: (capability, dependencies)}`."""
    return {one.id: (one.capability, list(one.depends_on)) for one in nodes}


def after(asked: PlannerRequest, delta: Delta) -> dict[str, tuple[str, list[str]]]:
    """Return the shape of the plan after the delta."""
    assert asked.plan is not None
    return shape(applied(asked.plan, delta))
