"""The answer to a breached latency: faster fallbacks (semantics 9)."""

import pytest
from tests.unit.plan.plans import capability, catalog, changed, declined, intent, node, plan, request, statuses

from flexes.plan.handshake import PlannerRequest

SLOW = capability("slow", "brief", "copy", latency_ms=900.0, fallbacks=["even", "fast", "fastest"])
KNOWN = catalog(
    SLOW,
    capability("even", "brief", "copy", latency_ms=900.0),
    capability("fast", "brief", "copy", latency_ms=300.0, cost=9.0),
    capability("fastest", "brief", "copy", latency_ms=10.0),
    capability("qa", "copy", "score", latency_ms=900.0),
)
CHAIN = plan(node("one", "slow"), node("two", "slow", "one"), node("three", "slow", "two"), node("qa", "qa", "one"))


def asking(node_id: str | None, *, timed_out: bool = False, **progress: str) -> PlannerRequest:
    """Return the request to swap, about CHAIN."""
    wanted = intent("swap", node=node_id, timed_out=timed_out)
    return request(KNOWN, on=CHAIN, progress=statuses(**progress), intents=[wanted])


def replaced(asked: PlannerRequest) -> dict[str, str | None]:
    """Return which capability each replaced node gets."""
    return {one.id: one.capability for one in changed(asked).replace}


def test_nodes_not_yet_run_get_the_first_strictly_faster_fallback() -> None:
    """Every pending node of the slow node's capability is swapped, what started is not."""
    assert replaced(asking("one", one="completed", two="running")) == {"three": "fast"}


def test_a_node_that_timed_out_is_swapped_itself() -> None:
    """The running node over its time may be replaced; without the timeout it stays."""
    assert replaced(asking("one", timed_out=True, one="running")) == {"one": "fast", "two": "fast", "three": "fast"}


def test_a_failed_node_is_swapped_itself() -> None:
    """A node that failed, by its capability's timeout for one, is swapped like one that is still to run."""
    assert replaced(asking("three", one="completed", two="completed", three="failed")) == {"three": "fast"}


@pytest.mark.parametrize("name", ["qa", None, "nowhere"])
def test_without_a_faster_fallback_there_is_no_answer(name: str | None) -> None:
    """No fallback, no node: unanswered."""
    assert declined(asking(name, one="completed"))


def test_a_failed_node_without_a_faster_fallback_leaves_the_intent_unanswered() -> None:
    """Swapping others would leave the failed node where it is."""
    gone = tuple(node("two", name, "one").definition for name in ("fast", "fastest"))
    asked = asking("two", one="completed", two="failed").model_copy(update={"taken_away": gone})
    assert "'two' failed" in declined(asked)
