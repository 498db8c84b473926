"""What a run remembers of its policies: counted from events, told in snapshots and in `show` (semantics 6, 9, 10)."""

from typing import Any, get_args

from tests.unit.run.run_cases import CHAIN, Run

from flexes.predicate.verdict import FALSE, MISSED
from flexes.run import commands as cmd
from flexes.run import guards
from flexes.run.records import TALLIED, PolicyCount

NOTE = {"id": "n", "capability": "note"}
EMIT: dict[str, Any] = {"type": "emit", "event": "e"}
AT_A: dict[str, Any] = {"selector": {"node": "a"}}


def test_outcomes_are_counted_by_name() -> None:
    """Each evaluation counts once, skipped ones by their reason; an action that took effect counts as a trigger."""
    policies: list[dict[str, Any]] = [
        {"id": "plain", "action": EMIT},
        {"id": "lacking", "when": "nobody = 1", "action": EMIT},
        {"id": "untrue", "when": 'brief = "c"', "action": EMIT},
        {"id": "mistyped", "when": "brief > 1", "action": EMIT},
    ]
    run = Run((*CHAIN, NOTE), runtime=policies)
    run.end("a", outputs={"copy": 1})
    run.end("n")
    assert {policy["id"]: run.state.outcomes_of(policy["id"]) for policy in policies} == {
        "plain": {"matched": 2},
        "lacking": {"skipped:missing": 2},
        "untrue": {"skipped:false": 2},
        "mistyped": {"invalid": 2},
    }
    assert dict(run.state.policies) == {"plain": PolicyCount(triggers=2)}


def test_every_outcome_has_a_name() -> None:
    """Whatever a directive can come to is told by name: each outcome, and each reason to skip."""
    assert {outcome for outcome, _ in TALLIED.values()} == set(get_args(guards.Outcome))
    assert {found for found in TALLIED.values() if found[1]} == {FALSE, MISSED}


def test_extra_runs_are_counted_by_their_key() -> None:
    """A goto counts its extra runs for the run, a retry for each node; cooldowns are remembered as instants."""
    goto = {"id": "again", "trigger": AT_A, "action": {"type": "goto", "maxAttempts": 2}, "cooldownMs": 1000.0}
    run = Run((*CHAIN, NOTE), runtime=[goto], thresholds={"retries": [{"id": "flaky", "max": 1}]})
    run.end("a", outputs={"copy": 1})
    run.end("n", error="e", retryable=True)
    assert run.state.policies["again"].attempts == {"action": 1}
    assert run.state.policies["again"].cooldown_until_at == "2026-01-01T00:00:01.000000Z"
    assert run.state.policies["flaky"].attempts == {"node:n": 1}


def test_the_last_action_is_remembered() -> None:
    """A resume reports the last action that took effect: whose, which, where and under which plan version."""
    run = Run(runtime=[{"id": "stop", "trigger": AT_A, "action": {"type": "pause", "reason": "look"}}])
    run.end("a", outputs={"copy": 1})
    assert run.state.last_action == {
        "policyId": "stop",
        "action": "pause",
        "actionDetails": {"type": "pause", "reason": "look"},
        "source": "runtime",
        "nodeId": "a",
        "planVersion": 1,
    }


def test_a_failure_tells_why_nothing_helped() -> None:
    """A run that fails with a node says which directives were held back, and why."""
    goto = {"type": "goto", "maxAttempts": 0}
    heard = {"kind": "onNodeFail"}
    run = Run(runtime=[{"id": name, "trigger": heard, "action": goto} for name in ("one", "two")])
    run.end("a", error="boom")
    assert run.state.ending is not None
    why = "one exhausted: maxAttempts 0 used; two exhausted: maxAttempts 0 used"
    assert run.state.ending.message == f"node a failed and no policy acted: boom ({why})"
    assert run.state.ending.details == {"code": "node_error", "error": "boom"}


def test_a_backoff_that_is_over_is_over_under_pause_too() -> None:
    """A backoff that comes due under a pause leaves its node ready: it starts when the run goes on, once."""
    goto = {"type": "goto", "backoff": {"initialMs": 10.0}}
    run = Run(runtime=[{"id": "again", "trigger": {"kind": "onNodeFail"}, "action": goto}])
    run.end("a", error="e")
    run.give(cmd.PauseRun)
    run.after_ms = 1000.0
    assert run.give(cmd.FireTimer, timer_id="backoff:a:1") == ["TimerFired"]
    assert (run.state.nodes["a"].not_before_at, run.state.backing_off, run.state.timers) == (None, 0, ())
    assert run.give(cmd.ResumeRun) == ["Resumed", "NodeStarted"]
    assert run.state.nodes["a"].attempt == 2
