"""The answer to poor work: copies of the started closure of the target (semantics 9)."""

import pytest
from tests.unit.plan.plans import (
    after,
    capability,
    catalog,
    changed,
    declined,
    intent,
    node,
    plan,
    request,
    statuses,
)

from flexes.plan.handshake import Delta, PlannerRequest, applied
from flexes.plan.plan import Plan

WRITER = capability("writer", "brief", "copy", cost=0.1)
QA = capability("qa", "copy", "score", kind="validation")
PUBLISH = capability("publish", "copy", "post")
EDITOR = capability("editor", "copy score", "copy", tags=["rewrite"], kind="transformation")
KNOWN = catalog(WRITER, QA, PUBLISH)
LINE = plan(node("draft", "writer", stage="write"), node("qa", "qa", "draft"), node("post", "publish", "draft qa"))
JUDGED = intent("rewrite", node="qa", target="draft", rationale="too dull")


def on_line(*capabilities: object, progress: dict[str, str] | None = None, **fields: object) -> PlannerRequest:
    """Return the request to rewrite `draft`, which `qa` has judged."""
    known = catalog(WRITER, QA, PUBLISH, *capabilities)  # type: ignore[arg-type]
    done = statuses(**(progress or {"draft": "completed", "qa": "completed"}))
    return request(known, on=LINE, progress=done, **({"intents": [JUDGED]} | fields))  # type: ignore[arg-type]


def next_version(asked: PlannerRequest, delta: Delta) -> Plan:
    """Return the plan with the delta."""
    assert asked.plan is not None
    return Plan(version=asked.plan.version + 1, nodes=applied(asked.plan, delta))


def test_target_and_judge_are_copied_and_the_rest_is_re_pointed() -> None:
    """The rewrite follows what it copies and the judge; the recheck follows both its own and the rewrite."""
    asked = on_line()
    delta = changed(asked)
    assert after(asked, delta) == {
        "draft": ("writer", []),
        "qa": ("qa", ["draft"]),
        "post": ("publish", ["draft~rewrite1", "qa~recheck1"]),
        "draft~rewrite1": ("writer", ["draft", "qa"]),
        "qa~recheck1": ("qa", ["draft~rewrite1", "qa"]),
    }
    assert [one.copy_of for one in delta.add] == ["draft", "qa"]
    assert [one.id for one in delta.replace] == ["post"]
    assert delta.rationale == "policy: rewrite draft as draft~rewrite1 with writer (too dull)"


def test_the_rewrite_is_handed_the_judgement() -> None:
    """The judge's facets are added to what the capability declares; copies keep stage, kind and opt-outs."""
    (rewritten, recheck) = changed(on_line()).add
    assert rewritten.inputs == ("brief", "score")
    assert rewritten.stage == "write"
    assert recheck.inputs is None


def test_a_capability_tagged_rewrite_is_preferred() -> None:
    """The first tagged one that writes the target's facets; what it declares anyway is not repeated."""
    other = capability("caption", "copy", "caption", tags=["rewrite"])
    rewritten = changed(on_line(other, EDITOR)).add[0]
    assert (rewritten.capability, rewritten.inputs) == ("editor", None)


@pytest.mark.parametrize(
    "fields",
    [{"available": False}, {"inputs": ("mood",)}, {"outputs": ("caption",)}, {"outputs": ("copy", "aside")}],
    ids=["unavailable", "lacks an input", "writes something else", "would race with a node beside"],
)
def test_a_rewriter_that_does_not_fit_is_passed_over(fields: dict[str, object]) -> None:
    """Without a fitting tagged capability the target's own does it."""
    known = catalog(WRITER, QA, EDITOR.model_copy(update=fields), capability("chat", "brief", "aside"))
    beside = plan(*LINE.nodes[:2], node("chat", "chat"))
    done = statuses(draft="completed", qa="completed")
    asked = request(known, on=beside, progress=done, intents=[JUDGED])
    assert changed(asked).add[0].capability == "writer"


def test_a_rewriter_may_write_what_others_in_the_closure_write() -> None:
    """It waits for their last writer, so that its value comes after theirs."""
    both = EDITOR.model_copy(update={"outputs": ("copy", "post")})
    progress = {"draft": "completed", "qa": "completed", "post": "completed"}
    rewritten = changed(on_line(both, progress=progress)).add[0]
    assert (rewritten.capability, rewritten.depends_on) == ("editor", ("draft", "qa", "post"))


def test_a_rewrite_keeps_the_kind_that_selectors_see() -> None:
    """A rewrite by a capability of another kind is still a node of the target's kind."""
    assert changed(on_line(EDITOR)).add[0].kind == "execution"
    assert changed(on_line()).add[0].kind is None


def test_a_second_rewrite_copies_the_first() -> None:
    """Numbers count per original node, and the copies follow the copies."""
    first = on_line(EDITOR)
    second = first.model_copy(
        update={
            "plan": next_version(first, changed(first)),
            "progress": statuses(
                draft="completed", qa="completed", draft__rewrite1="completed", qa__recheck1="completed"
            ),
            "intents": (intent("rewrite", node="qa~recheck1", target="draft~rewrite1"),),
        }
    )
    delta = changed(second)
    assert {one.id: one.depends_on for one in delta.add} == {
        "draft~rewrite2": ("draft", "qa", "draft~rewrite1", "qa~recheck1"),
        "qa~recheck2": ("draft~rewrite2", "qa", "qa~recheck1"),
    }
    assert after(second, delta)["post"] == ("publish", ["draft~rewrite2", "qa~recheck2"])


def test_the_rewrite_limit_counts_per_original_node() -> None:
    """No more rewrites of one original than the guard rail allows."""
    assert declined(on_line(max_rewrites_per_node=0)).startswith("policy: rewrite_limit")


def test_a_target_that_judged_itself_has_no_judge() -> None:
    """The signal's own node is rewritten after itself; what else started is done again."""
    own = intent("rewrite", node="draft", target="draft")
    asked = on_line(intents=[own], progress={"draft": "completed", "qa": "running"})
    delta = changed(asked)
    assert {one.id: one.depends_on for one in delta.add} == {
        "draft~rewrite1": ("draft",),
        "qa~redo1": ("draft~rewrite1", "qa"),
    }
    assert delta.add[0].inputs is None


def test_all_started_dependents_are_done_again() -> None:
    """Running and completed dependents on any branch are copied, what is pending or failed is re-pointed."""
    progress = {"draft": "completed", "qa": "completed", "post": "running"}
    tree = plan(*LINE.nodes, node("image", "qa", "post"), node("alone", "writer", "image"))
    asked = on_line(progress=progress | {"image": "failed"}).model_copy(update={"plan": tree})
    delta = changed(asked)
    assert [one.id for one in delta.add] == ["draft~rewrite1", "qa~recheck1", "post~redo1"]
    assert delta.add[2].depends_on == ("draft~rewrite1", "qa~recheck1", "post")
    assert [(one.id, one.depends_on) for one in delta.replace] == [("image", ("post~redo1",))]


def test_nothing_beside_the_target_is_touched() -> None:
    """A parallel branch stays as it is, started or not."""
    beside = plan(node("start", "writer"), node("look", "qa", "start"), node("draft", "writer", "start"))
    asked = request(
        KNOWN,
        on=plan(*beside.nodes, node("qa", "qa", "draft look")),
        progress=statuses(start="completed", look="running", draft="completed", qa="completed"),
        intents=[JUDGED],
    )
    delta = changed(asked)
    assert [one.id for one in delta.add] == ["draft~rewrite1", "qa~recheck1"]
    assert delta.add[1].depends_on == ("draft~rewrite1", "look", "qa")


def test_copies_do_not_race_with_originals_that_write_the_same_facet() -> None:
    """The rewrite waits for the last writer of a facet that the closure writes more than once."""
    polish = capability("polish", "copy", "copy")
    known = catalog(WRITER, QA, polish)
    asked = request(
        known,
        on=plan(node("draft", "writer"), node("shine", "polish", "draft"), node("qa", "qa", "draft")),
        progress=statuses(draft="completed", shine="running", qa="completed"),
        intents=[JUDGED],
    )
    assert {one.id: one.depends_on for one in changed(asked).add} == {
        "draft~rewrite1": ("draft", "qa", "shine"),
        "shine~redo1": ("draft~rewrite1", "shine"),
        "qa~recheck1": ("draft~rewrite1", "qa"),
    }


def test_a_judge_that_failed_is_re_pointed_and_not_waited_for() -> None:
    """A failed judge has said nothing: it runs again, on the rewrite."""
    asked = on_line(progress={"draft": "completed", "qa": "failed"})
    delta = changed(asked)
    assert [(one.id, one.depends_on) for one in delta.add] == [("draft~rewrite1", ("draft",))]
    assert after(asked, delta)["qa"] == ("qa", ["draft~rewrite1"])


def test_a_failed_target_is_replaced_by_its_rewrite() -> None:
    """Nothing can follow a failed node, so the rewrite takes its place."""
    own = intent("rewrite", node="draft", target="draft")
    asked = on_line(intents=[own], progress={"draft": "failed"})
    delta = changed(asked)
    assert delta.remove == ("draft",)
    assert after(asked, delta) == {
        "qa": ("qa", ["draft~rewrite1"]),
        "post": ("publish", ["draft~rewrite1", "qa"]),
        "draft~rewrite1": ("writer", []),
    }


@pytest.mark.parametrize(
    ("target", "progress", "reason"),
    [
        (None, {}, "there is no node to rewrite"),
        ("drat", {}, "the plan has no node 'drat'"),
        ("draft", {}, "'draft' has not run"),
    ],
)
def test_without_finished_work_there_is_nothing_to_rewrite(
    target: str | None, progress: dict[str, str], reason: str
) -> None:
    """A missing, unknown or pending target leaves the intent unanswered."""
    asked = request(KNOWN, on=LINE, progress=statuses(**progress), intents=[intent("rewrite", target=target)])
    assert reason in declined(asked)
