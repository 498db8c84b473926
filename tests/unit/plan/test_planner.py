"""Joined requests: intents answered in order, over one working copy, as one delta (semantics 7 and 9)."""

from tests.unit.plan.plans import after, capability, catalog, changed, declined, intent, node, plan, request, statuses

from flexes.plan.handshake import Delta, PlannerRequest, ReplanIntent
from flexes.plan.planner import plan_answer

KNOWN = catalog(
    capability("outliner", "brief", "outline", cost=0.5),
    capability("writer", "outline", "copy", cost=1.0),
    capability("qa", "copy", "score", cost=0.1),
    capability("image", "copy", "image", cost=3.0, latency_ms=900.0, fallbacks=["sketch"]),
    capability("sketch", "copy", "image", cost=1.0, latency_ms=90.0),
    capability("legal", "copy", "approval", kind="human"),
)
LINE = plan(
    node("outline", "outliner"),
    node("draft", "writer", "outline"),
    node("qa", "qa", "draft"),
    node("art", "image", "qa"),
)
JUDGED = intent("rewrite", directive="quality", node="qa", target="draft")


def asking(*intents: ReplanIntent, spent: float = 0.0, **fields: object) -> PlannerRequest:
    """Return the joined request about LINE, all but `art` completed."""
    done = statuses(outline="completed", draft="completed", qa="completed")
    return request(KNOWN, on=LINE, progress=done, intents=intents, cost_spent=spent, **fields)  # type: ignore[arg-type]


def test_cost_comes_before_a_rewrite_and_both_fit() -> None:
    """A cap that a fallback has met leaves room for a rewrite: one delta does both."""
    budget = intent("fallback", directive="budget", node="qa", cap_total=4.2)
    asked = asking(budget, JUDGED, spent=2.0)
    delta = changed(asked)
    assert {one.id: one.capability for one in delta.replace} == {"art": "sketch"}
    assert [one.id for one in delta.add] == ["draft~rewrite1", "qa~recheck1"]
    assert after(asked, delta)["art"] == ("sketch", ["qa~recheck1"])
    assert delta.rationale == ("budget: fall back: art by sketch; quality: rewrite draft as draft~rewrite1 with writer")


def test_a_rewrite_does_not_breach_the_cap_again() -> None:
    """A rewrite that would push the projection over an earlier intent's cap is unanswered, the rest is not."""
    budget = intent("fallback", directive="budget", node="qa", cap_total=4.0)
    delta = changed(asking(budget, JUDGED, spent=2.0))
    assert not delta.add
    (left,) = delta.unanswered
    assert left.directive == "quality"
    assert left.reason == "it would cost 4.1 in total, above the cap of 4 of 'budget'"


def test_a_cap_that_could_not_be_met_still_binds() -> None:
    """A later intent must not make a breach worse; all unanswered is a decline that says why for each."""
    budget = intent("fallback", directive="budget", node="qa", cap_total=0.5)
    reason = declined(asking(budget, JUDGED))
    assert reason.startswith("budget: no cheaper fallbacks")
    assert "quality: it would cost" in reason


def test_a_cap_per_node_binds_later_intents() -> None:
    """A later intent brings in nothing above an earlier cap for one invocation."""
    budget = intent("fallback", directive="budget", node="qa", cap_per_node=0.9)
    (left,) = changed(asking(budget, JUDGED)).unanswered
    assert left.reason == "'draft~rewrite1' would cost more than the cap of 0.9 of 'budget'"


def test_later_intents_that_cost_no_more_are_answered_under_a_cap() -> None:
    """Only what adds to the projection is held back by a cap that is not met."""
    budget = intent("fallback", directive="budget", node="qa", cap_total=0.5)
    slow = intent("swap", directive="slow", node="art")
    delta = changed(asking(budget, slow))
    assert [one.capability for one in delta.replace] == ["sketch"]
    assert [one.directive for one in delta.unanswered] == ["budget"]


def test_two_judgements_of_one_target_get_one_rewrite() -> None:
    """A rewrite that an earlier intent of the request brought answers a later one for the same target."""
    again = intent("rewrite", directive="channel", node="qa", target="draft")
    delta = changed(asking(JUDGED, again))
    assert [one.id for one in delta.add] == ["draft~rewrite1", "qa~recheck1"]
    assert delta.unanswered == ()
    upstream = intent("rewrite", directive="outline-quality", node="qa", target="outline")
    assert [one.id for one in changed(asking(upstream, JUDGED)).add] == [
        "outline~rewrite1",
        "draft~redo1",
        "qa~recheck1",
    ]


def test_different_targets_are_rewritten_one_over_the_other() -> None:
    """Each intent is answered over the plan as the earlier ones left it: what they copied is not copied again."""
    upstream = intent("rewrite", directive="outline-quality", node="qa", target="outline")
    asked = asking(JUDGED, upstream)
    shape = after(asked, changed(asked))
    assert shape["outline~rewrite1"] == ("outliner", ["outline", "qa"])
    assert shape["draft~rewrite1"] == ("writer", ["outline~rewrite1", "draft", "qa"])
    assert shape["qa~recheck1"] == ("qa", ["draft~rewrite1", "qa"])
    assert not {"draft~redo1", "qa~recheck2"} & shape.keys()


def test_a_failure_is_answered_once_for_all_who_ask() -> None:
    """A cost intent that replaced the failed node has answered the fallback intent behind it."""
    asked = request(
        KNOWN,
        on=LINE,
        progress=statuses(outline="completed", draft="completed", qa="completed", art="failed"),
        intents=[intent("fallback", node="art", cap_total=9.0), intent("fallback", node="art")],
    )
    delta = changed(asked)
    assert [one.capability for one in delta.replace] == ["sketch"]
    assert delta.unanswered == ()


def test_an_answer_that_breaks_a_rule_is_not_given() -> None:
    """The planner's own answers hold to the planner policies."""
    small = request(KNOWN, on=LINE).policies.model_validate({"topology": {"maxNodes": 5}})
    assert "max_nodes" in declined(asking(JUDGED, policies=small))


def test_a_request_without_intents_is_declined() -> None:
    """Nothing asked, nothing changed."""
    assert declined(asking()) == "the request asks for nothing"


def test_same_request_same_answer() -> None:
    """Nothing but the request decides, not even which process answers."""
    asked = asking(JUDGED, intent("escalate", node="draft"))
    answer = plan_answer(asked)
    assert isinstance(answer, Delta)
    copy = PlannerRequest.model_validate(asked.wire())
    assert plan_answer(copy) == answer
    assert Delta.model_validate(answer.wire()) == answer
