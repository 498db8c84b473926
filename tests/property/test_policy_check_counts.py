"""The worst case of a policy check is never exceeded by a run."""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.plan_cases import EXAMPLES

from flexes.plan.outline import outlined
from flexes.policy.check_counts import WorstCase
from flexes.policy.check_finding import PlannedNode
from flexes.policy.normalize import normalize
from flexes.policy.problems import validated
from flexes.policy.selector import base_id
from flexes.run.events import NodeStarted, PlanGenerated, Resumed
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate

NODES = ("a", "b", "c", "d")
_INTENTS = (None, "rewrite", "rewrite", "fallback", "swap", "escalate")
_TRIGGERS = ("onNodeComplete", "onNodeComplete", "onNodeFail", "onNodeFail", "onValidationFail", "onMetricBelow")
_PER_PLAN = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def selectors(draw: st.DrawFn) -> dict[str, Any]:
    """Selectors of every kind, most of them of one node."""
    return draw(
        st.sampled_from(
            (*({"node": node} for node in NODES), {}, {"capability": "make-b"}, {"kind": "validation"}, {"stage": "s"})
        )
    )


@st.composite
def actions(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    """Actions that run things again, nested up to twice."""
    types = ("goto", "goto", "replan", "replan", *(("hitl", "pause", "emit") if depth < 2 else ("fail",)))
    match draw(st.sampled_from(types)):
        case "goto":
            named = draw(st.none() | st.sampled_from(NODES) | selectors())
            found: dict[str, Any] = {"type": "goto", "maxAttempts": draw(st.integers(0, 3)), "next": named}
            if depth < 2 and draw(st.integers(0, 3)) == 0:
                found["onExhausted"] = draw(actions(depth + 1).filter(lambda inner: inner["type"] != "goto"))
            return found
        case "replan":
            target = draw(st.none() | st.sampled_from(NODES))
            return {"type": "replan", "intent": draw(st.sampled_from(_INTENTS)), "target": target}
        case "hitl":
            sides = ("approveAction", "rejectAction")
            return {"type": "hitl", **{side: draw(actions(depth + 1)) for side in sides if draw(st.booleans())}}
        case "emit":
            return {"type": "emit", "event": "e"}
        case kind:
            return {"type": kind}


@st.composite
def directives(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A directive that nothing holds back."""
    kind = draw(st.sampled_from(_TRIGGERS))
    trigger: dict[str, Any] = {"kind": kind, "selector": draw(selectors())}
    if kind == "onMetricBelow":
        trigger |= {"metric": "m", "threshold": 1}
    return {"id": name, "trigger": trigger, "action": draw(actions())}


@st.composite
def thresholds(draw: st.DrawFn) -> dict[str, Any]:
    """Thresholds that every outcome breaches."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["quality"] = [{"id": "quality", "metric": "m", "min": 1, "selector": draw(selectors())}]
    if draw(st.booleans()):
        found["retries"] = [{"id": "retries", "max": draw(st.integers(0, 3))}]
    if draw(st.integers(0, 3)) == 0:
        found["cost"] = [{"id": "cost", "capTotal": 0.5, "onUnresolved": draw(st.sampled_from(("hitl", "continue")))}]
    return found


@st.composite
def capabilities(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A maker of one facet that fails now and then, with a cheaper fallback."""
    outcomes: list[dict[str, Any]] = [
        {"outputs": {name: 1}, "metrics": {"m": 0}, "validation": {"ok": False}},
        {"error": "no", "retryable": True, "metrics": {"m": 0}},
    ]
    script = draw(st.lists(st.sampled_from((outcomes[0], *outcomes)), min_size=1, max_size=6))
    common = {"outputs": [name], "kind": draw(st.sampled_from(("execution", "validation")))}
    own = {"id": f"make-{name}", "cost": 1.0, "latencyMs": float(draw(st.integers(1, 3)) * 10), "script": script}
    lite = {"id": f"lite-{name}", "cost": 0.5, "latencyMs": 5.0, "script": script[::-1]}
    if draw(st.booleans()):
        lite["tags"] = ["rewrite"]
    return {"of": [{**common, **own, "fallbacks": [f"lite-{name}"]}, {**common, **lite}]}


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """A small plan, with policies that fire on everything."""
    names = NODES[: draw(st.integers(1, 4))]
    nodes = [
        {
            "id": name,
            "capability": f"make-{name}",
            "stage": draw(st.sampled_from((None, "s"))),
            "dependsOn": draw(st.lists(st.sampled_from(names[:place]), unique=True)) if place else [],
        }
        for place, name in enumerate(names)
    ]
    count = draw(st.integers(1, 3))
    rails = {
        "maxReplans": draw(st.integers(0, 5)),
        "maxReplansPerPolicy": draw(st.integers(0, 3)),
        "maxRewritesPerNode": draw(st.integers(0, 3)),
        "maxHitlRequests": draw(st.integers(0, 4)),
        "onLimit": draw(st.sampled_from(("continue", "continue", "hitl"))),
    }
    human = {"id": "lead", "kind": "human", "outputs": ["approval"]}
    decisions = draw(st.lists(st.sampled_from(("approve", "approve", "reject")), max_size=8))
    return {
        "envelope": {
            "objective": "x",
            "outputContract": {"mode": "freeform"},
            "policies": {
                "runtime": [draw(directives(f"d{place}")) for place in range(count)],
                "thresholds": draw(thresholds()),
                "guardRails": rails,
                "planner": {"topology": {"maxNodes": draw(st.none() | st.integers(4, 12))}},
            },
        },
        "capabilities": [*(one for name in names for one in draw(capabilities(name))["of"]), human],
        "plan": {"nodes": nodes},
        "humans": [{"decision": decision} for decision in decisions],
        "steps": [{"resume": True}] * draw(st.integers(0, 3)),
    }


def counted(scenario: Scenario) -> tuple[Counter[str], int]:
    """Return how often each authored node ran, derived ones included, and how often the run was resumed."""
    events = [event for commit in simulate(scenario).commits for event in commit.events]
    runs = Counter(base_id(event.node_id) for event in events if isinstance(event, NodeStarted))
    assert any(isinstance(event, PlanGenerated) for event in events) or not runs
    return runs, sum(isinstance(event, Resumed) for event in events)


def worst_of(scenario: Scenario) -> tuple[WorstCase, tuple[PlannedNode, ...]]:
    """Return the worst case of a scenario's own plan."""
    from flexes.plan.plan import Plan

    assert scenario.plan is not None
    nodes = outlined(Plan(version=1, nodes=scenario.plan.nodes), scenario.catalog)
    policies = scenario.envelope.policies
    context = normalize(policies, scenario.catalog)
    rails, topology = policies.guard_rails, policies.planner.topology
    return WorstCase(context.directives, rails, topology, nodes, scenario.catalog.capabilities), nodes


@_PER_PLAN
@given(document=scenarios())
def test_no_run_exceeds_the_worst_case(document: dict[str, Any]) -> None:
    """However policies fire, a node and its copies run no more often than was counted, resumes aside."""
    scenario = validated(Scenario, document, "scenario")
    worst, nodes = worst_of(scenario)
    runs, resumed = counted(scenario)
    for node in nodes:
        allowed = worst.runs(node.id) + (resumed if worst.is_held_by_pauses(node.id) else 0)
        assert runs[node.id] <= allowed, (node.id, runs, allowed)
