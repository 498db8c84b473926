"""What a policy check says never happens does not happen in any run."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.plan_cases import EXAMPLES
from tests.property.test_policy_check_counts import NODES, scenarios

from flexes.plan.outline import outlined
from flexes.plan.plan import Plan
from flexes.policy.check import findings
from flexes.policy.check_finding import Surroundings
from flexes.policy.problems import validated
from flexes.run.events import PolicyTriggered, SignalEvaluated
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate

_RUNS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_TESTS = (
    '$signal.kind = "node_completed"',
    '$signal.kind != "node_failed"',
    '$node.kind = "validation"',
    '$node.capability = "make-a"',
    '$node.stage = "s"',
    "exists($node.stage)",
    "exists($signal.retryable)",
    "$signal.retryable",
    "$signal.validation.ok",
    "!$signal.validation.ok",
    "$signal.metrics.m > 1",
    "a = 1",
    "a > 1",
    "exists(a) || !exists(a)",
)
_KINDS = ("onNodeComplete", "onNodeFail", "onValidationFail", "onMetricBelow", "onStart")
_SELECTORS: tuple[dict[str, Any], ...] = (
    *({}, {"kind": "execution"}, {"capability": "lite-a"}, {"stage": "s"}, {"tags": ["rewrite"]}),
    *({"node": node} for node in NODES[:2]),
)
_ACTIONS: tuple[dict[str, Any], ...] = (
    *({"type": "fail"}, {"type": "hitl"}, {"type": "emit", "event": "e"}, {"type": "pause"}, {"type": "replan"}),
    *({"type": "goto"}, {"type": "goto", "maxAttempts": 0, "onExhausted": {"type": "emit", "event": "e"}}),
)


@st.composite
def contradicting(draw: st.DrawFn) -> dict[str, Any]:
    """Scenarios whose directives contradict and supersede one another now and then."""
    document = draw(scenarios())
    runtime = []
    for place in range(draw(st.integers(2, 5))):
        kind = draw(st.sampled_from(_KINDS))
        trigger: dict[str, Any] = {"kind": kind}
        if kind == "onMetricBelow":
            trigger |= {"metric": "m", "threshold": 1}
        if kind != "onStart":
            trigger["selector"] = draw(st.sampled_from(_SELECTORS))
        allowed = [action for action in _ACTIONS if kind != "onStart" or action["type"] != "goto"]
        policy = {"id": f"d{place}", "trigger": trigger, "action": draw(st.sampled_from(allowed))}
        tests = draw(st.lists(st.sampled_from(_TESTS), max_size=2))
        runtime.append(policy | ({"when": " && ".join(f"({test})" for test in tests)} if tests else {}))
    document["envelope"]["policies"] |= {"runtime": runtime, "thresholds": {}}
    return document


@_RUNS
@given(document=contradicting())
def test_what_never_happens_does_not_happen(document: dict[str, Any]) -> None:
    """A contradiction never matches, and a directive that never acts never does."""
    scenario = validated(Scenario, document, "scenario")
    assert scenario.plan is not None
    nodes = outlined(Plan(version=1, nodes=scenario.plan.nodes), scenario.catalog)
    found = findings(scenario.envelope.policies, Surroundings(scenario.catalog, {}, nodes))
    impossible = {one.directive for one in found if one.code in ("contradiction", "never_matches")}
    idle = {one.directive for one in found if one.code == "never_acts"}
    for commit in simulate(scenario).commits:
        for event in commit.events:
            if isinstance(event, SignalEvaluated):
                held = {"skipped", "invalid", "opted_out", "disabled"}
                assert not [one for one in event.outcomes if one[0] in impossible and one[1] not in held]
            if isinstance(event, PolicyTriggered):
                assert event.policy_id not in impossible | idle, (event, found)
