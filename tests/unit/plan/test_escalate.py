"""The answer that brings in a person (semantics 9)."""

from tests.unit.plan.plans import after, capability, catalog, changed, declined, intent, node, plan, request, statuses

from flexes.envelope.capability import Catalog
from flexes.plan.handshake import PlannerRequest, ReplanIntent

LEGAL = capability("legal", "copy", "approval", kind="human")
KNOWN = catalog(
    capability("writer", "brief", "copy"),
    capability("qa", "copy", "score"),
    capability("off", "copy", "approval", kind="human", available=False),
    capability("moody", "mood", "approval", kind="human"),
    LEGAL,
)
LINE = plan(node("draft", "writer"), node("qa", "qa", "draft"), node("more", "qa", "qa"), node("last", "qa", "more"))


def asking(*intents: ReplanIntent, known: Catalog = KNOWN, **progress: str) -> PlannerRequest:
    """Return the request to escalate, about LINE."""
    return request(known, on=LINE, progress=statuses(**progress), intents=intents)


def test_what_is_pending_behind_the_node_waits_for_the_person() -> None:
    """The first human capability whose inputs are there; the nearest pending nodes wait for it."""
    asked = asking(intent("escalate", node="draft"), draft="completed", qa="completed")
    assert after(asked, changed(asked)) == {
        "draft": ("writer", []),
        "qa": ("qa", ["draft"]),
        "more": ("qa", ["qa", "draft~escalate1"]),
        "last": ("qa", ["more"]),
        "draft~escalate1": ("legal", ["draft"]),
    }


def test_without_a_node_the_person_comes_last() -> None:
    """An outside signal without a node brings in a person behind all sinks."""
    asked = asking(intent("escalate"), draft="completed")
    assert after(asked, changed(asked))["legal~escalate1"] == ("legal", ["last"])


def test_a_second_person_does_not_race_with_the_first() -> None:
    """Writers of one facet are ordered, on parallel branches too; numbers count per original node."""
    on = plan(
        node("left", "writer"),
        node("left~escalate1", "legal", "left"),
        node("qa", "qa", "left"),
        node("right", "qa", "qa"),
    )
    both = [intent("escalate", node="right"), intent("escalate", node="left", directive="other")]
    done = statuses(left="completed", left__escalate1="running", qa="completed", right="completed")
    asked = request(KNOWN, on=on, progress=done, intents=both)
    assert {one.id: one.depends_on for one in changed(asked).add} == {
        "right~escalate1": ("right", "left~escalate1", "left~escalate2"),
        "left~escalate2": ("left", "left~escalate1"),
    }


def test_two_intents_for_one_node_bring_in_one_person() -> None:
    """A request that asks twice for the same person gets one, and both are answered."""
    asked = asking(intent("escalate", node="draft"), intent("escalate", node="draft"), draft="completed")
    delta = changed(asked)
    assert len(delta.add) == 1
    assert delta.unanswered == ()


def test_a_failed_node_is_taken_over_by_a_person_who_writes_the_same() -> None:
    """Nothing can follow a failed node: the person takes its place or the intent is unanswered."""
    ghost = capability("ghostwriter", "brief", "copy", kind="human")
    failed = intent("escalate", node="draft")
    assert "no available human capability" in declined(asking(failed, draft="failed"))
    asked = asking(failed, known=catalog(*KNOWN.capabilities, ghost), draft="failed")
    delta = changed(asked)
    assert delta.remove == ("draft",)
    assert delta.add[0].copy_of == "draft"
    assert after(asked, delta)["draft~escalate1"] == ("ghostwriter", [])
    assert after(asked, delta)["qa"] == ("qa", ["draft~escalate1"])


def test_without_a_person_there_is_no_answer() -> None:
    """A catalog without a usable human capability leaves the intent unanswered."""
    known = catalog(*(one for one in KNOWN.capabilities if one.id != "legal"))
    assert "no available human capability" in declined(asking(intent("escalate", node="draft"), known=known))


def test_a_node_that_is_not_in_the_plan_cannot_be_escalated() -> None:
    """A removed node has no place to put a person behind."""
    assert declined(asking(intent("escalate", node="nowhere")))
