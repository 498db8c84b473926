"""What a policy author reads about loops and worst cases, word by word: the numbers stand in the sentences."""

from typing import Any

import pytest
from tests.unit.policy.test_check import KNOWN, directive, on, said

from flexes.policy.check_finding import Surroundings

UNKNOWN = Surroundings()


def runtime(*found: dict[str, Any]) -> dict[str, Any]:
    """Return policies with these directives, named by their place."""
    return {"runtime": [{**one["runtime"][0], "id": f"r{place}"} for place, one in enumerate(found)]}


def to_draft(**more: Any) -> dict[str, Any]:
    """Return a directive that goes from check back to draft."""
    return directive({"type": "goto", "next": "draft", **more}, trigger=on("check"))


def told(policies: dict[str, Any], around: Surroundings = KNOWN) -> list[tuple[str, str]]:
    """Return severity and text of what is found about loops and worst cases."""
    found = said(policies, around)
    return [(one.severity, one.message) for one in found if one.code in ("loop", "worst_case")]


@pytest.mark.parametrize(
    ("policies", "text"),
    [
        (runtime(to_draft(maxAttempts=1)), "it runs its target again at most once in a run"),
        (runtime(to_draft(maxAttempts=3)), "it runs its target again at most 3 times in a run"),
        (
            {"thresholds": {"retries": [{"id": "again", "max": 2}]}},
            "it runs its target again at most 2 times for each node that fails",
        ),
    ],
)
def test_where_no_plan_is_known_the_directive_is_told_its_extra_runs(policies: dict[str, Any], text: str) -> None:
    """How often, and of what, follows from maxAttempts and from whether each failing node counts for itself."""
    assert told(policies, UNKNOWN) == [("info", f"{text}, with all that depends on it")]


def test_where_no_plan_is_known_a_replan_is_told_its_requests() -> None:
    """The smaller of the two caps on replans counts."""
    text = "it asks the planner at most 2 times in a run (maxReplans, maxReplansPerPolicy)"
    assert told(runtime(directive({"type": "replan"}, trigger=on("check"))), UNKNOWN) == [("info", text)]


def test_a_directive_that_wakes_itself_untested_is_told_the_remedy() -> None:
    """A goto without a test to before its trigger goes on until the caps hold; each node is told its runs."""
    remedy = "nothing is tested on the way, so it goes on until the caps hold; add a `when`"
    assert told(runtime(to_draft())) == [
        ("warning", f"r0 runs again what triggers it: {remedy}"),
        ("info", "check can run 2 times at worst, because of r0"),
        ("info", "draft can run 2 times at worst, because of r0"),
    ]


def test_directives_that_wake_one_another_are_told_together() -> None:
    """One test on the way lets the ring end; each node names the directives that run it again, and no others."""
    back = directive({"type": "goto", "next": "check", "maxAttempts": 2}, trigger=on("check"), when="qa.score < 0.5")
    ends = "it ends when the tests, the outcomes or the people say so, or when the caps hold"
    assert told(runtime(to_draft(), back)) == [
        ("info", f"r0, r1 run again what triggers one another: {ends}"),
        ("info", "check can run 4 times at worst, because of r0, r1"),
        ("info", "draft can run 2 times at worst, because of r0"),
    ]


def test_rewrites_count_for_the_node_that_they_are_derived_from() -> None:
    """A replan makes copies; the count is that of the authored node and of what is derived from it."""
    _, *worst = told(runtime(directive({"type": "replan"}, trigger=on("check"))))
    assert worst == [
        ("info", "check and what is derived from it can run 4 times at worst, because of r0"),
        ("info", "draft and what is derived from it can run 4 times at worst, because of r0"),
        ("info", "print and what is derived from it can run 4 times at worst, because of r0"),
    ]


def test_a_pause_over_a_failure_is_told_to_run_again_on_resume() -> None:
    """A node that failed and was held by a pause runs again each time that somebody resumes."""
    pause = directive({"type": "pause"}, trigger=on("draft", "onNodeFail"))
    found = [text for _, text in told(runtime(pause, to_draft())) if text.startswith("draft ")]
    assert found == ["draft can run 2 times at worst, because of r1; and each time that somebody resumes after a pause"]
