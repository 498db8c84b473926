"""Dead guards: tests that were never answered (semantics 6)."""

import pytest
from tests.unit.view.runs import Run, directive

from flexes.policy.signal import SignalEnvelope
from flexes.run.commands import ReceiveSignal
from flexes.view.dead_guards import dead_guards, is_dead_guard
from flexes.view.show import show


@pytest.mark.parametrize(
    ("outcomes", "dead"),
    [
        ({"skipped:missing": 3}, True),
        ({"invalid": 3}, True),
        ({"skipped:missing": 2, "invalid": 1}, True),
        ({"skipped:missing": 2}, False),
        ({"skipped:missing": 9, "skipped:false": 1}, False),
        ({"invalid": 9, "matched": 1}, False),
        ({"invalid": 9, "superseded": 1}, False),
        ({"skipped:missing": 3, "opted_out": 1, "disabled": 1}, True),
        ({"skipped:missing": 2, "opted_out": 5}, False),
        ({}, False),
    ],
)
def test_what_a_dead_guard_is(outcomes: dict[str, int], dead: bool) -> None:
    """Missing or invalid on all of at least three evaluations; where it was not tested does not count."""
    assert is_dead_guard(outcomes) is dead


def test_one_log_frame_at_the_third_evaluation() -> None:
    """The event where it reaches three has one `log` frame after its policy_evaluated; no later event has one."""
    when = {"nobody.wrote": 1}
    trigger = {"kind": "onMetricBelow", "metric": "sentiment", "threshold": 1.0}
    run = Run(directive({"type": "pause"}, trigger=trigger, when=when)).planned()
    for _ in range(5):
        run.do(ReceiveSignal, signal=SignalEnvelope(metrics={"sentiment": 0.5}))
    found = [frame for frame in run.frames() if frame.payload.get("kind") == "dead_guard"]
    evaluated = [frame for frame in run.frames() if frame.type == "policy_evaluated"]
    assert [frame.id for frame in found] == [evaluated[2].id[:-1] + "1"]
    assert found[0].payload["outcomes"] == {"skipped:missing": 3}
    assert dead_guards(run.now) == ("policy",)
    assert show(run.now)["deadGuards"] == ["policy"]
