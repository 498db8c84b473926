"""The answer to a breached cost cap or a failure: cheaper fallbacks, largest saving first (semantics 9)."""

import pytest
from tests.unit.plan.plans import after, capability, catalog, changed, declined, intent, node, plan, policies, request
from tests.unit.plan.plans import statuses as progress_of

from flexes.plan.handshake import PlannerRequest, ReplanIntent

PRO = capability("pro", "brief", "copy", cost=4.0, fallbacks=["same", "other", "gone", "lite", "tiny"])
KNOWN = catalog(
    PRO,
    capability("same", "brief", "copy", cost=4.0),
    capability("other", "brief", "copy notes", cost=0.1),
    capability("gone", "brief", "copy", cost=0.1, available=False),
    capability("lite", "brief", "copy", cost=1.0),
    capability("tiny", "brief", "copy", cost=0.5),
    capability("image", "copy", "image", cost=2.0, fallbacks=["sketch"]),
    capability("sketch", "copy", "image", cost=1.5),
    capability("qa", "copy", "score", cost=0.5),
)
CHAIN = plan(
    node("draft", "pro"), node("again", "pro", "draft"), node("art", "image", "again"), node("qa", "qa", "art")
)


def asking(*intents: ReplanIntent, spent: float = 0.0, **progress: str) -> PlannerRequest:
    """Return the request about CHAIN, whose estimates add up to 10.5."""
    return request(KNOWN, on=CHAIN, progress=progress_of(**progress), intents=intents, cost_spent=spent)


def replaced(asked: PlannerRequest) -> dict[str, str | None]:
    """Return which capability each replaced node gets."""
    delta = changed(asked)
    assert not delta.add
    assert not delta.remove
    return {one.id: one.capability for one in delta.replace}


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        (10.0, {"draft": "lite"}),
        (7.5, {"draft": "lite"}),
        (7.4, {"draft": "lite", "again": "lite"}),
        (4.0, {"draft": "lite", "again": "lite", "art": "sketch"}),
    ],
)
def test_cap_total_takes_the_largest_savings_until_it_is_met(cap: float, expected: dict[str, str]) -> None:
    """The first listed strictly cheaper fallback with the same outputs; ties in plan order; no more than needed."""
    assert replaced(asking(intent("fallback", node="qa", cap_total=cap))) == expected


def test_cap_total_counts_what_is_spent_and_running() -> None:
    """The projection is what is spent plus the estimates of what runs or is still to run; only pending nodes change."""
    asked = asking(intent("fallback", node="draft", cap_total=10.0), spent=5.0, draft="completed", again="running")
    assert declined(asked) == "policy: no cheaper fallbacks bring the projected cost down to 10"
    asked = asking(intent("fallback", node="draft", cap_total=11.0), spent=5.0, draft="completed", again="running")
    assert replaced(asked) == {"art": "sketch"}


def test_binary_fractions_do_not_breach_a_cap() -> None:
    """Amounts count to nine decimals: three times 0.1 meets a cap of 0.3."""
    known = catalog(
        capability("a", "brief", "copy", cost=0.2, fallbacks=["b"]), capability("b", "brief", "copy", cost=0.1)
    )
    on = plan(node("one", "a"), node("two", "b", "one"))
    asked = request(known, on=on, cost_spent=0.1, intents=[intent("fallback", cap_total=0.3)])
    assert replaced(asked) == {"one": "b"}


def test_cap_per_node_replaces_like_nodes_and_dear_ones() -> None:
    """Nodes of the capability that broke the cap, and those whose estimate exceeds it, if they have a fallback."""
    assert replaced(asking(intent("fallback", node="draft", cap_per_node=1.9), draft="completed")) == {
        "again": "lite",
        "art": "sketch",
    }
    assert replaced(asking(intent("fallback", node="draft", cap_per_node=9.0), draft="completed")) == {"again": "lite"}
    assert "no node that is still to run" in declined(asking(intent("fallback", node="qa", cap_per_node=9.0)))


def test_both_caps_are_met() -> None:
    """What the cap per node asks for comes first, then the rest until the total is met."""
    both = intent("fallback", node="art", cap_per_node=3.0, cap_total=4.0)
    assert replaced(asking(both, art="completed", qa="completed")) == {"draft": "lite", "again": "lite"}


def test_a_failed_node_gets_its_first_fallback_whatever_it_costs() -> None:
    """Only failed nodes may take a fallback that is no cheaper."""
    assert replaced(asking(intent("fallback", node="draft"), draft="failed")) == {"draft": "same"}
    assert "has not failed" in declined(asking(intent("fallback", node="draft"), draft="completed"))
    assert "no listed fallback of 'qa'" in declined(asking(intent("fallback", node="qa"), qa="failed"))


def test_a_node_that_timed_out_is_replaced_too() -> None:
    """A running node that ran over its time may fall back."""
    late = intent("fallback", node="draft", timed_out=True)
    assert replaced(asking(late, draft="running")) == {"draft": "same"}


def test_a_failed_node_of_a_cost_intent_is_replaced_and_the_cap_met() -> None:
    """A failed node would block the run, so it is replaced first, as cheaply as the cap needs."""
    failed = intent("fallback", node="draft", cap_total=4.0)
    expected = {"draft": "lite", "again": "lite", "art": "sketch"}
    assert replaced(asking(failed, draft="failed")) == expected | {"draft": "lite"}
    assert "no listed fallback" in declined(asking(intent("fallback", node="draft", cap_total=1.0), draft="failed"))


def test_what_an_earlier_delta_took_away_does_not_come_back() -> None:
    """A fallback that would restore an earlier definition is passed over."""
    gone = (node("draft", "same").definition, node("draft", "lite").definition)
    asked = asking(intent("fallback", node="draft"), draft="failed").model_copy(update={"taken_away": gone})
    assert replaced(asked) == {"draft": "tiny"}


def test_a_fallback_must_be_usable_where_it_stands() -> None:
    """Forbidden fallbacks, and those whose inputs are not there, are passed over."""
    known = catalog(
        PRO,
        capability("same", "mood", "copy", cost=4.0),
        capability("lite", "brief", "copy", tags=["us"]),
        capability("tiny", "brief", "copy"),
    )
    asked = request(
        known,
        on=plan(node("draft", "pro")),
        progress=progress_of(draft="failed"),
        intents=[intent("fallback", node="draft")],
        policies=policies(selection={"forbid": ["us"]}),
    )
    assert replaced(asked) == {"draft": "tiny"}


def test_a_capability_is_not_its_own_fallback() -> None:
    """A capability that lists itself gains nothing by it."""
    known = catalog(capability("pro", "brief", "copy", fallbacks=["pro"]))
    asked = request(
        known,
        on=plan(node("draft", "pro")),
        progress=progress_of(draft="failed"),
        intents=[intent("fallback", node="draft")],
    )
    assert "no listed fallback of 'pro'" in declined(asked)


def test_a_nodes_own_inputs_move_with_it() -> None:
    """Facets beyond the capability's own are kept, those of the old capability are not."""
    known = catalog(
        capability("pro", "brief tone", "copy", fallbacks=["lite"]), capability("lite", "brief voice", "copy")
    )
    asked = request(
        known,
        given="brief tone voice score",
        on=plan(node("draft", "pro", inputs=("brief", "tone", "score"))),
        progress=progress_of(draft="failed"),
        intents=[intent("fallback", node="draft")],
    )
    (change,) = changed(asked).replace
    assert change.inputs == ("brief", "voice", "score")
    assert after(asked, changed(asked)) == {"draft": ("lite", [])}
