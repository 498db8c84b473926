"""The built-in planner on random catalogs and plans: its answers always hold."""

from collections.abc import Collection

from hypothesis import event, given
from hypothesis import strategies as st
from tests.property.plan_cases import PLENTY, accepted, draft_requests, next_requests, replan_requests

from flexes.envelope.capability import Capability
from flexes.envelope.contract import contract_facets
from flexes.plan.handshake import Decline, Delta, Diagnostic, Draft, PlannerRequest, applied
from flexes.plan.plan import Plan
from flexes.plan.planner import plan_answer
from flexes.plan.validate import delta_diagnostics, draft_diagnostics
from flexes.policy.authored import PlannerPolicies


def findings(request: PlannerRequest, answer: Draft | Delta) -> tuple[Diagnostic, ...]:
    """Return what validation says about the answer."""
    terms = (request.catalog, request.inputs, request.contract, request.policies)
    if isinstance(answer, Draft):
        return draft_diagnostics(answer, *terms)
    assert request.plan is not None
    late = [one.node for one in request.intents if one.timed_out and one.node]
    base = request.plan
    return delta_diagnostics(answer, base, request.progress, request.taken_away, late, *terms, base.version)


def closure(capabilities: Collection[Capability], given: Collection[str]) -> set[str]:
    """Return all facets that can be made: a slow forward pass, for comparison."""
    made = set(given)
    while True:
        more = {facet for one in capabilities if set(one.inputs) <= made for facet in one.outputs} - made
        if not more:
            return made
        made |= more


@PLENTY
@given(draft_requests())
def test_drafts_hold(request: PlannerRequest) -> None:
    """A draft has no findings, and the same request gets the same one, also over the wire."""
    answer = plan_answer(request)
    event(type(answer).__name__)
    assert isinstance(answer, Draft | Decline)
    assert plan_answer(PlannerRequest.model_validate(request.wire())) == answer
    if isinstance(answer, Draft):
        assert findings(request, answer) == ()


@PLENTY
@given(draft_requests())
def test_what_can_be_derived_is_drafted(request: PlannerRequest) -> None:
    """Without planner policies there is a draft exactly if all goals can be made, and with a person only if needed."""
    asked = request.model_copy(update={"policies": PlannerPolicies()})
    usable = [one for one in asked.catalog.capabilities if one.available]
    machines = [one for one in usable if one.kind != "human"]
    goals = set(contract_facets(asked.contract))
    answer = plan_answer(asked)
    if goals:
        assert isinstance(answer, Draft) == (goals <= closure(usable, asked.inputs))
    if isinstance(answer, Draft) and goals and goals <= closure(machines, asked.inputs):
        assert all(asked.catalog.by_id[node.capability].kind != "human" for node in answer.nodes)


@PLENTY
@given(st.data())
def test_replans_hold_over_several_versions(data: st.DataObject) -> None:
    """A delta has no findings and changes no locked node; same request, same answer; so does what builds upon it."""
    request = data.draw(replan_requests())
    for _ in range(3):
        answer = plan_answer(request)
        event(type(answer).__name__)
        assert plan_answer(PlannerRequest.model_validate(request.wire())) == answer
        if not isinstance(answer, Delta):
            assert isinstance(answer, Decline)
            return
        assert findings(request, answer) == ()
        assert_locked_nodes_stay(request, answer)
        assert Delta.model_validate(answer.wire()) == answer
        request = data.draw(next_requests(accepted(request, answer)))


@PLENTY
@given(replan_requests())
def test_answered_failures_are_gone(request: PlannerRequest) -> None:
    """An intent about its own failed node is answered only by a change that leaves the failure behind."""
    answer = plan_answer(request)
    if not isinstance(answer, Delta) or request.plan is None:
        return
    unanswered = {one.directive for one in answer.unanswered}
    after = {node.id: node for node in applied(request.plan, answer)}
    for intent in request.intents:
        node = intent.node
        if intent.directive in unanswered or node is None or request.progress[node].status != "failed":
            continue
        if intent.intent != "rewrite" or intent.target == node:
            assert after.get(node) != request.plan.by_id[node]


@PLENTY
@given(replan_requests())
def test_a_rewrite_leaves_nothing_waiting_for_the_old_work(request: PlannerRequest) -> None:
    """Behind a rewrite each copy follows its original, and what has not started follows only copies."""
    only = [one for one in request.intents if one.intent == "rewrite"][:1]
    asked = request.model_copy(update={"intents": tuple(only)})
    answer = plan_answer(asked)
    if not isinstance(answer, Delta) or asked.plan is None:
        return
    after = Plan(version=2, nodes=applied(asked.plan, answer))
    copies = {node.copy_of: node.id for node in answer.add if node.copy_of}
    target = only[0].target
    assert target is not None
    assert copies[target].startswith(f"{target}~rewrite")
    for original, copy in copies.items():
        assert original is not None
        assert original in answer.remove or original in after.by_id[copy].depends_on
        for dependent in after.graph.dependents.get(original, ()):
            started = asked.progress.get(dependent)
            assert dependent in copies.values() or (started and started.status in ("running", "completed"))


@PLENTY
@given(replan_requests())
def test_earlier_caps_bind_later_intents(request: PlannerRequest) -> None:
    """Whatever the later intents get, the projection stays under an earlier cap that was met."""
    capped = next((one for one in request.intents if one.intent == "fallback" and one.cap_total is not None), None)
    answer = plan_answer(request)
    if capped is None or capped != request.intents[0] or not isinstance(answer, Delta) or request.plan is None:
        return
    if capped.directive in {one.directive for one in answer.unanswered}:
        return
    open_nodes = [
        node
        for node in applied(request.plan, answer)
        if node != request.plan.by_id.get(node.id) or request.progress[node.id].status in ("pending", "running")
    ]
    assert capped.cap_total is not None
    projection = request.cost_spent + sum(request.catalog.by_id[node.capability].cost for node in open_nodes)
    assert projection <= capped.cap_total


def assert_locked_nodes_stay(request: PlannerRequest, delta: Delta) -> None:
    """Insist that completed and running nodes are as they were, unless they timed out."""
    assert request.plan is not None
    late = {one.node for one in request.intents if one.timed_out}
    after = {node.id: node for node in applied(request.plan, delta)}
    for node in request.plan.nodes:
        if request.progress[node.id].status in ("completed", "running") and node.id not in late:
            assert after[node.id] == node
