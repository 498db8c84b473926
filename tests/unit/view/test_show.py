"""The folded state as `flexes show` prints it (interfaces 2)."""

import orjson
import pytest
from tests.unit.view.runs import COPY, FAILURE, RUNS, Run, approved, directive, folded, loaded, on_node

from flexes.run.commands import PauseRun
from flexes.view.show import show

ALWAYS = {
    "runId", "status", "planVersion", "triggeredBy", "nodes", "facets", "policies", "costTotal", "pendingHitl",
    "version",
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_the_contract_of_show(name: str) -> None:
    """The keys of interfaces are always there, the rest where it applies, and all of it is plain JSON."""
    run = RUNS[name]()
    found = show(run.now)
    assert found.keys() >= ALWAYS
    assert ("output" in found) == (run.now.status == "completed")
    assert ("error" in found) == (run.now.status in ("failed", "cancelled"))
    assert orjson.loads(orjson.dumps(found)) == found


@pytest.mark.parametrize("name", RUNS)
def test_live_and_replayed_states_show_the_same(name: str) -> None:
    """A run replayed from its store shows what the live one shows, byte for byte."""
    run = RUNS[name]()
    *_, (_, _, replayed) = folded(loaded(run.events))
    assert orjson.dumps(show(replayed)) == orjson.dumps(show(run.now))


def test_nodes_in_plan_order() -> None:
    """Nodes are listed as planned, with status, attempts and capability."""
    found = show(RUNS["rewritten"]().now)
    assert list(found["nodes"]) == ["A", "B", "A~rewrite1"]
    assert found["nodes"]["A~rewrite1"] == {"status": "completed", "attempts": 1, "capability": "editor"}
    assert found["triggeredBy"] == ["policy"]
    assert found["planVersion"] == 2


def test_a_removed_node_stays_visible() -> None:
    """A node that a delta removed is shown as removed, after those of the plan."""
    replan = {"type": "replan", "intent": "rewrite", "target": "A"}
    run = Run(directive(replan, trigger=on_node("A"))).planned().ran("A", COPY)
    found = show(run.answered({"remove": ["B"]}).now)
    assert found["nodes"]["B"] == {"status": "removed", "attempts": 0, "capability": "review"}


def test_attempts_of_a_policy_are_its_extra_runs() -> None:
    """`attempts` counts the extra runs that gotos caused, `triggers` every action; outcomes are counted too."""
    policy = show(RUNS["backed_off"]().now)["policies"]["policy"]
    assert (policy["triggers"], policy["attempts"]) == (1, 1)
    assert policy["outcomes"] == {"matched": 1, "exhausted": 1}


def test_a_backoff_is_pending_until_an_instant() -> None:
    """A node that waits for a backoff is pending and says until when."""
    action = {"type": "goto", "backoff": {"initialMs": 1000.0}}
    run = Run(directive(action, trigger=on_node("A", "onNodeFail"))).planned().ran("A", FAILURE)
    node = show(run.now)["nodes"]["A"]
    assert node["status"] == "pending"
    assert node["notBefore"] > run.now.at


def test_an_open_request() -> None:
    """An open request says who asks about which attempt, and stays while the run is paused."""
    run = Run(directive({"type": "hitl", "rationale": "legal"}, trigger=on_node("A"))).planned().ran("A", COPY)
    found = show(run.do(PauseRun).now)
    assert found["status"] == "paused"
    (pending,) = found["pendingHitl"]
    assert pending["requestId"] == run.now.open_requests[0]
    assert (pending["policyId"], pending["nodeId"], pending["attempt"]) == ("policy", "A", 1)
    assert found["lastAction"]["action"] == "hitl"


def test_facets_are_what_predicates_see() -> None:
    """Facets are the visible values, with the reviewer in the provenance of an edit."""
    found = show(approved().now)
    assert found["facets"]["copy"] == {"text": "edited"}
    assert found["facetProvenance"]["copy"]["by"] == "lead"
    assert found["facetProvenance"]["brief"]["node"] is None


def test_a_failed_run_says_why() -> None:
    """The error names code, message, directive, action and node."""
    error = show(RUNS["held_back"]().now)["error"]
    assert error["code"] == "guard_rail"
    assert (error["policyId"], error["action"], error["nodeId"]) == ("policy", "fail", "B")
