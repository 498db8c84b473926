"""Validation of changes to a plan: each diagnostic code (semantics 9)."""

from typing import Any

import pytest
from tests.unit.plan.plans import (
    capability,
    catalog,
    codes,
    findings,
    intent,
    node,
    plan,
    policies,
    request,
    statuses,
)

from flexes.plan.handshake import Delta, Diagnostic, NodeChange, applied, changed_node

KNOWN = catalog(
    capability("writer", "brief", "copy"),
    capability("lite", "brief", "copy"),
    capability("qa", "copy", "score"),
    capability("bad", "copy", "odd"),
    odd={"type": "text"},
)
PLAN = plan(node("draft", "writer"), node("qa", "qa", "draft"), node("more", "qa", "qa"))


def check(delta: Delta, progress: dict[str, Any] | None = None, **fields: Any) -> tuple[Diagnostic, ...]:
    """Return the findings about the delta on PLAN, of which `draft` is completed and the rest pending."""
    known = progress if progress is not None else statuses(draft="completed")
    return findings(request(KNOWN, on=PLAN, progress=known, **fields), delta)


def test_a_sound_delta_has_no_findings() -> None:
    """Adding, replacing and removing what has not started is accepted."""
    delta = Delta(
        add=(node("second", "writer", "qa"),),
        replace=(NodeChange(id="qa", depends_on=("draft",), capability="qa", inputs=("copy", "brief")),),
        remove=("more",),
    )
    assert check(delta) == ()


@pytest.mark.parametrize("base", [0, 2])
def test_stale_base(base: int) -> None:
    """A delta changes the version that it names; against another one nothing else is looked at."""
    (found,) = check(Delta(base_version=base, remove=("nowhere",)))
    assert found.code == "stale_base"


def test_a_delta_without_base_means_the_version_asked_about() -> None:
    """The version that the planner was asked about stands in for an absent base."""
    assert check(Delta(remove=("more",))) == check(Delta(base_version=1, remove=("more",))) == ()


@pytest.mark.parametrize("delta", [Delta(remove=("qaa",)), Delta(replace=(NodeChange(id="qaa", capability="qa"),))])
def test_unknown_node(delta: Delta) -> None:
    """Replacing or removing a node that the plan does not have names the likely one."""
    found = check(delta)
    assert (found[0].code, found[0].suggestion) == ("unknown_node", "did you mean 'qa'?")


@pytest.mark.parametrize(
    "delta",
    [
        Delta(add=(node("qa", "qa", "draft"),)),
        Delta(add=(node("x", "qa", "draft"), node("x", "qa", "draft"))),
        Delta(remove=("more", "more")),
        Delta(replace=(NodeChange(id="more", depends_on=("draft",)),), remove=("more",)),
    ],
)
def test_duplicate_node(delta: Delta) -> None:
    """An added id is new, and a delta names an id once."""
    assert "duplicate_node" in codes(check(delta))


@pytest.mark.parametrize("status", ["completed", "running"])
@pytest.mark.parametrize("delta", [Delta(remove=("more",)), Delta(replace=(NodeChange(id="more", capability="bad"),))])
def test_node_locked(delta: Delta, status: str) -> None:
    """Completed and running nodes can be neither replaced nor removed."""
    found = check(delta, statuses(draft="completed", qa="completed", more=status))
    assert (found[0].code, found[0].node) == ("node_locked", "more")


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_what_is_pending_or_failed_may_change(status: str) -> None:
    """Pending and failed nodes are free."""
    assert check(Delta(remove=("more",)), statuses(draft="completed", more=status)) == ()


def test_a_node_that_timed_out_may_be_replaced() -> None:
    """A running node that ran over its time may be replaced; without the timeout it is locked."""
    delta = Delta(replace=(NodeChange(id="draft", capability="lite"),))
    running = statuses(draft="running")
    assert codes(check(delta, running)) == ["node_locked"]
    assert check(delta, running, intents=[intent("swap", node="draft", timed_out=True)]) == ()


@pytest.mark.parametrize("delta", [Delta(), Delta(replace=(NodeChange(id="qa", capability="qa", stage="check"),))])
def test_no_change(delta: Delta) -> None:
    """A delta that leaves every definition as it is changes nothing."""
    assert codes(check(delta)) == ["no_change"]


def test_oscillation() -> None:
    """A definition that an earlier delta took away does not come back, by replacing or by adding."""
    gone = (node("qa", "bad", "draft").definition, node("old", "qa", "more").definition)
    replaced = Delta(replace=(NodeChange(id="qa", capability="bad"),))
    added = Delta(add=(node("old", "qa", "more"),))
    assert "oscillation" in codes(check(replaced, taken_away=gone))
    assert codes(check(added, taken_away=gone)) == ["oscillation"]


def test_a_definition_does_not_depend_on_the_order_of_its_parts() -> None:
    """Dependencies and inputs are sets: another order restores the same definition."""
    first = node("x", "qa", "a b", inputs=("copy", "brief"))
    assert first.definition == node("x", "qa", "b a", inputs=("brief", "copy")).definition


def test_rewrite_limit_counts_per_original_node() -> None:
    """Rewrites of one original are counted over the whole plan, and only a delta that adds one is refused."""
    on = plan(
        *PLAN.nodes,
        node("draft~rewrite1", "writer", "draft"),
        node("draft~rewrite2", "writer", "draft~rewrite1"),
    )
    third = Delta(add=(node("draft~rewrite3", "writer", "draft~rewrite2"),))
    asked = request(KNOWN, on=on, progress=statuses(draft="completed"))
    (found,) = findings(asked, third)
    assert (found.code, found.node) == ("rewrite_limit", "draft")
    assert findings(asked.model_copy(update={"max_rewrites_per_node": 3}), third) == ()
    tighter = asked.model_copy(update={"max_rewrites_per_node": 1})
    assert findings(tighter, Delta(remove=("more",))) == ()


def test_the_whole_plan_is_checked_after_the_change() -> None:
    """A change must not take from others what they need, and new facets bring their schemas."""
    assert codes(check(Delta(remove=("qa",)))) == ["unknown_dependency", "missing_input"]
    assert codes(check(Delta(replace=(NodeChange(id="more", capability="bad"),)))) == ["bad_schema"]
    small = policies(topology={"maxNodes": 3})
    assert codes(check(Delta(add=(node("x", "qa", "more"),)), policies=small)) == ["max_nodes"]


def test_a_removed_id_may_be_added_anew() -> None:
    """Removing a node and adding another under its id is one way to replace it."""
    assert check(Delta(remove=("more",), add=(node("more", "qa", "qa draft"),))) == ()


def test_applying_keeps_order_and_what_a_change_does_not_give() -> None:
    """Replaced nodes keep their place and their other fields; null means not given; added nodes come last."""
    staged = node("qa", "qa", "draft", stage="check", inputs=("copy",))
    change = NodeChange.model_validate({"id": "qa", "capability": "bad", "dependsOn": None, "inputs": None})
    assert changed_node(staged, change) == node("qa", "bad", "draft", stage="check", inputs=("copy",))
    delta = Delta(replace=(change,), add=(node("x", "qa", "draft"),), remove=("draft",))
    assert [one.id for one in applied(PLAN, delta)] == ["qa", "more", "x"]
