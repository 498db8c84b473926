"""Random catalogs, plans, progress and planner requests: few facets, so that capabilities fit together and collide."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from flexes.envelope.capability import Capability, Catalog
from flexes.envelope.contract import FacetsContract, FreeformContract, OutputContract
from flexes.plan.handshake import Delta, NodeChange, NodeProgress, PlannerRequest, ReplanIntent, applied
from flexes.plan.plan import Plan, PlanNode
from flexes.policy.authored import PlannerPolicies

EXAMPLES = int(os.environ.get("FLEXES_PLAN_EXAMPLES", "150"))
"""Cases a property; the gate takes the default, a long run more."""

PLENTY = settings(max_examples=EXAMPLES, deadline=None)
FACETS = ("given", "copy", "score", "image", "notes", "approval")
IDS = tuple(f"cap{place}" for place in range(8))
TAGS = ("rewrite", "quality", "eu")
KINDS = ("execution", "execution", "execution", "validation", "human")

some_facets = st.lists(st.sampled_from(FACETS), max_size=2, unique=True)


@st.composite
def capabilities(draw: st.DrawFn, name: str) -> Capability:
    """A capability of this name."""
    return Capability.model_validate(
        {
            "id": name,
            "kind": draw(st.sampled_from(KINDS)),
            "tags": draw(st.lists(st.sampled_from(TAGS), max_size=2)),
            "inputs": draw(some_facets),
            "outputs": draw(st.lists(st.sampled_from(FACETS[1:]), min_size=1, max_size=2, unique=True)),
            "cost": float(draw(st.integers(0, 5))),
            "latencyMs": float(draw(st.integers(0, 5))),
            "fallbacks": draw(st.lists(st.sampled_from(IDS), max_size=4, unique=True)),
            "available": draw(st.integers(0, 9)) > 0,
        }
    )


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """A catalog that can start; half of its capabilities list a cheaper and faster twin as a fallback."""
    found = [Capability(id="start", inputs=("given",), outputs=("copy",), cost=4.0, fallbacks=("cap0", "cap1"))]
    for name in IDS[: draw(st.integers(2, len(IDS)))]:
        capability = draw(capabilities(name))
        found.append(capability)
        if draw(st.booleans()):
            estimates = {"cost": capability.cost / 2, "latency_ms": capability.latency_ms / 2}
            found.append(capability.model_copy(update={"id": f"{name}-lite", "fallbacks": (), **estimates}))
            found[-2] = capability.model_copy(update={"fallbacks": (f"{name}-lite", *capability.fallbacks)})
    return Catalog(capabilities=tuple(found))


@st.composite
def policies(draw: st.DrawFn) -> PlannerPolicies:
    """Planner policies, none in half of the cases."""
    if draw(st.booleans()):
        return PlannerPolicies()
    names = st.lists(st.sampled_from((*IDS, *TAGS)), max_size=1)
    selection = {key: draw(names) for key in ("require", "forbid", "prefer", "avoid")}
    topology: dict[str, Any] = {
        "maxDepth": draw(st.none() | st.integers(1, 6)),
        "maxNodes": draw(st.none() | st.integers(1, 10)),
        "requiredKinds": draw(st.lists(st.sampled_from(KINDS), max_size=1)),
        "forbiddenKinds": draw(st.lists(st.sampled_from(KINDS[3:]), max_size=1)),
    }
    objective = draw(st.sampled_from((None, "speed", "quality", "diversity", "token_efficiency")))
    groups = {"selection": selection, "topology": topology, "optimisation": {"objective": objective}}
    return PlannerPolicies.model_validate(groups)


contracts: st.SearchStrategy[OutputContract] = st.one_of(
    st.just(FreeformContract(mode="freeform")),
    st.lists(st.sampled_from(FACETS[1:]), min_size=1, max_size=3, unique=True).map(
        lambda facets: FacetsContract(mode="facets", facets=tuple(facets))
    ),
)


def asked(catalog: Catalog, contract: OutputContract, policies: PlannerPolicies | None = None) -> PlannerRequest:
    """A request in which only the facet `given` is given."""
    return PlannerRequest(
        run_id="run",
        request_id="request",
        attempt=1,
        objective="sell",
        contract=contract,
        inputs={"given": 1},
        catalog=catalog,
        policies=policies or PlannerPolicies(),
    )


@st.composite
def draft_requests(draw: st.DrawFn) -> PlannerRequest:
    """A request for a first plan."""
    return asked(draw(catalogs()), draw(contracts), draw(policies()))


@st.composite
def plans(draw: st.DrawFn, catalog: Catalog) -> Plan:
    """A plan that is valid by construction: each node behind the last writers of what it reads and writes."""
    usable = [one for one in catalog.capabilities if one.available]
    nodes: list[PlanNode] = []
    writer: dict[str, str] = {}
    for place in range(draw(st.integers(2, 7))):
        fitting = [one for one in usable if all(facet in writer or facet == "given" for facet in one.inputs)]
        capability = draw(st.sampled_from(fitting))
        needed = [writer[facet] for facet in (*capability.inputs, *capability.outputs) if facet in writer]
        more = draw(st.lists(st.sampled_from([one.id for one in nodes]), max_size=2)) if nodes else []
        node = PlanNode(id=f"n{place}", capability=capability.id, depends_on=tuple(dict.fromkeys((*needed, *more))))
        nodes.append(node)
        writer.update(dict.fromkeys(capability.outputs, node.id))
    return Plan(version=1, nodes=tuple(nodes))


@st.composite
def progresses(draw: st.DrawFn, plan: Plan, before: Mapping[str, NodeProgress]) -> dict[str, NodeProgress]:
    """How far a run of the plan may have come, after what was completed before."""
    found: dict[str, NodeProgress] = {}
    for name in plan.graph.topological:
        is_ready = all(found[parent].status == "completed" for parent in plan.by_id[name].depends_on)
        weighted = (*("completed",) * 5, "running", "failed", "pending")
        status = draw(st.sampled_from(weighted)) if is_ready else "pending"
        if name in before and before[name].status == "completed":
            status = "completed"
        found[name] = NodeProgress.model_validate({"status": status})
    return found


@st.composite
def intents(draw: st.DrawFn, plan: Plan, progress: Mapping[str, NodeProgress], name: str) -> ReplanIntent:
    """What a directive may want: its node has started, its target is that node or a completed ancestor."""
    started = [node.id for node in plan.nodes if progress[node.id].status != "pending"]
    node = draw(st.sampled_from((None, *started, *started, *started)))
    targets = [one for one in plan.graph.ancestors(node) if progress[one].status == "completed"] if node else []
    amounts = st.none() | st.integers(0, 20).map(float)
    return ReplanIntent.model_validate(
        {
            "directive": name,
            "intent": draw(st.sampled_from(("rewrite", "rewrite", "fallback", "swap", "escalate"))),
            "node": node,
            "target": draw(st.sampled_from((*targets, *targets, node))) if node else None,
            "timedOut": node is not None and progress[node].status == "running" and draw(st.booleans()),
            "capTotal": draw(amounts),
            "capPerNode": draw(amounts),
        }
    )


@st.composite
def replan_requests(draw: st.DrawFn) -> PlannerRequest:
    """A request to change a valid plan, with up to three intents."""
    catalog = draw(catalogs())
    plan = draw(plans(catalog))
    written = {facet for node in plan.nodes for facet in catalog.by_id[node.capability].outputs}
    contract = FacetsContract(mode="facets", facets=(draw(st.sampled_from(sorted(written))),))
    return draw(next_requests(asked(catalog, contract).model_copy(update={"plan": plan})))


@st.composite
def next_requests(draw: st.DrawFn, request: PlannerRequest) -> PlannerRequest:
    """The request with new progress and new intents."""
    assert request.plan is not None
    progress = draw(progresses(request.plan, request.progress))
    names = [f"policy{place}" for place in range(draw(st.integers(1, 3)))]
    wanted = tuple(draw(intents(request.plan, progress, name)) for name in names)
    spent = float(draw(st.integers(0, 5)))
    return request.model_copy(update={"progress": progress, "intents": wanted, "cost_spent": spent})


def accepted(request: PlannerRequest, delta: Delta) -> PlannerRequest:
    """The request as it would be after the delta was accepted."""
    assert request.plan is not None
    nodes = applied(request.plan, delta)
    before, after = request.plan.by_id, {node.id: node for node in nodes}
    gone = tuple(
        node.definition
        for name, node in before.items()
        if name not in after or after[name].definition != node.definition
    )
    kept = {name: status for name, status in request.progress.items() if name in after and after[name] == before[name]}
    plan = Plan(version=request.plan.version + 1, nodes=nodes)
    return request.model_copy(update={"plan": plan, "progress": kept, "taken_away": (*request.taken_away, *gone)})


@st.composite
def deltas(draw: st.DrawFn, plan: Plan, names: Sequence[str]) -> Delta:
    """Any delta, mostly wrong."""
    ids = st.sampled_from((*plan.by_id, "new1", "new2", "n0~rewrite1"))
    several = st.lists(ids, max_size=3).map(tuple)
    capability = st.sampled_from((*names, "unknown"))
    added = st.builds(PlanNode, id=ids, capability=capability, depends_on=several)
    changed = st.builds(NodeChange, id=ids, capability=st.none() | capability, depends_on=st.none() | several)
    return Delta(
        base_version=draw(st.sampled_from((None, plan.version, plan.version, 99))),
        add=tuple(draw(st.lists(added, max_size=2))),
        replace=tuple(draw(st.lists(changed, max_size=2))),
        remove=tuple(draw(st.lists(ids, max_size=1))),
    )
