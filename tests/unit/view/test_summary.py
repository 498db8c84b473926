"""The summary line of `flexes simulate` (interfaces 3)."""

import orjson
import pytest
from tests.unit.view.runs import COPY, FAILURE, REPORT, RUNS, Run, directive, loaded, on_node

from flexes.view.summary import Tally, summary


def line(run: Run) -> dict[str, object]:
    """Return the summary of a run."""
    return summary(Tally(run.events), run.now)


@pytest.mark.parametrize("name", RUNS)
def test_the_fields(name: str) -> None:
    """The line has the fields of interfaces, in this order, from live and from stored events alike."""
    run = RUNS[name]()
    found = line(run)
    assert " ".join(found) == (
        "type status planVersion nodeRuns policyTriggers outcomes replans costTotal output error refused"
    )
    assert orjson.dumps(summary(Tally(loaded(run.events)), run.now)) == orjson.dumps(found)


def test_counts() -> None:
    """Node runs count starts, triggers count actions, outcomes count each name for each directive."""
    found = line(RUNS["backed_off"]())
    assert found["nodeRuns"] == {"A": 2, "B": 2}
    assert found["policyTriggers"] == {"policy": 1}
    assert found["outcomes"] == {"policy": {"matched": 1, "exhausted": 1}}
    assert found["error"] is None
    assert found["costTotal"] == 1.0


def test_skipped_is_one_count() -> None:
    """A skipped outcome counts as `skipped`, whether false or missing."""
    when = {"report.score": {"<": 0.1}}
    run = Run(directive({"type": "fail"}, when=when)).planned().ran("A", COPY).ran("B", REPORT)
    assert line(run)["outcomes"] == {"policy": {"skipped": 2}}


def test_the_error_says_why_the_planner_declined() -> None:
    """A run that fails because the planner declined says the planner's reason, whatever the fallout."""
    for unresolved in ("fail", "continue"):
        replan = directive({"type": "replan"}, trigger=on_node("A", "onNodeFail"))
        run = (
            Run(replan, policies={"guardRails": {"onLimit": unresolved}})
            .planned()
            .ran("A", FAILURE)
            .declined("no such writer")
        )
        error = line(run)["error"]
        assert isinstance(error, dict)
        assert error["message"].count("no such writer") == 1


def test_the_error_says_why_there_is_no_plan() -> None:
    """A run without a plan says the reason of the decline."""
    error = line(Run().declined("nothing fits"))["error"]
    assert isinstance(error, dict)
    assert "nothing fits" in error["message"]


def test_the_error_says_which_guard_rail_tripped() -> None:
    """A run that fails behind a tripped guard rail names the rail, also when the directive just went on."""
    for unresolved in ("fail", "continue"):
        replan = directive({"type": "replan"}, trigger=on_node("A", "onNodeFail"))
        rails = {"maxReplans": 0, "onLimit": unresolved}
        run = Run(replan, policies={"guardRails": rails}).planned().ran("A", FAILURE)
        error = line(run)["error"]
        assert isinstance(error, dict)
        assert error["message"].count("maxReplans 0 reached") == 1


def test_the_error_says_what_was_used_up() -> None:
    """A node that failed after its retries were used up says so, with the node's own error."""
    run = Run(directive({"type": "goto"}, trigger=on_node("A", "onNodeFail"))).planned()
    error = line(run.ran("A", FAILURE).ran("A", FAILURE, 2))["error"]
    assert isinstance(error, dict)
    assert "model unavailable" in error["message"]
    assert "policy exhausted: maxAttempts 1 used" in error["message"]
