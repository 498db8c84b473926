"""What a refused command says: what is wrong, the facts, and what to do instead (house rule: errors carry facts)."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.run.run_cases import RUN, START, Run

from flexes import errors
from flexes.policy.signal import SignalEnvelope
from flexes.run import commands as cmd
from flexes.run.decide import decide

AT_A: dict[str, Any] = {"selector": {"node": "a"}}
EMIT: dict[str, Any] = {"type": "emit", "event": "e"}
HEARS = {"id": "heard", "trigger": AT_A, "action": EMIT}
MANUAL = {"id": "manual", "trigger": {"kind": "manual"}, "action": EMIT}
ASK: dict[str, Any] = {"trigger": AT_A, "action": {"type": "hitl"}}
NO_ENGINE = cmd.Flags(policy_engine=False)


def ended() -> Run:
    """Return a run that was cancelled."""
    run = Run()
    run.give(cmd.CancelRun)
    return run


def waiting() -> Run:
    """Return a run that waits for two human decisions."""
    run = Run(runtime=[{"id": "first", **ASK}, {"id": "second", **ASK}])
    run.end("a", outputs={"copy": 1})
    return run


CASES: dict[str, tuple[Callable[[], Run], Any, dict[str, Any], type[errors.CommandRejected], str, dict[str, Any]]] = {
    "ended": (
        ended, cmd.PauseRun, {}, errors.InvalidRunState,
        "the run is cancelled; nothing can be done to it any more", {"status": "cancelled"},
    ),
    "no policy": (
        Run, cmd.TriggerPolicy, {"policy_id": "p"}, errors.PolicyNotFound,
        "no enabled policy 'p' in this run; it has none", {"policy_id": "p"},
    ),
    "another policy": (
        lambda: Run(runtime=[MANUAL, HEARS]), cmd.TriggerPolicy, {"policy_id": "p"}, errors.PolicyNotFound,
        "no enabled policy 'p' in this run; it has heard, manual", {"policy_id": "p"},
    ),
    "not manual": (
        lambda: Run(runtime=[HEARS]), cmd.TriggerPolicy, {"policy_id": "heard"}, errors.PolicyNotManual,
        "policy 'heard' hears onNodeComplete; only a `manual` trigger is fired by hand", {"policy_id": "heard"},
    ),
    "no engine": (
        lambda: Run(runtime=[MANUAL], flags=NO_ENGINE), cmd.TriggerPolicy, {"policy_id": "manual"},
        errors.InvalidRunState, "the run was started with the policy engine off", {"status": "running"},
    ),
    "no node": (
        Run, cmd.ReceiveSignal, {"signal": SignalEnvelope(metrics={"m": 1.0}, node="z")}, errors.NodeNotFound,
        "the plan has no node 'z' that a signal could be about", {"node_id": "z"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_tells_what_is_wrong(case: str) -> None:
    """A refused command changes nothing, and says what is wrong in words and in facts."""
    made, kind, fields, refusal, message, facts = CASES[case]
    run = made()
    before = run.state
    with pytest.raises(refusal) as caught:
        run.give(kind, **fields)
    assert (str(caught.value), caught.value.facts) == (message, facts)
    assert run.state == before


def test_a_run_that_waits_is_not_resumed() -> None:
    """A resume of a run that waits for people names every open request."""
    run = waiting()
    [first, second] = run.state.open_requests
    with pytest.raises(errors.HitlPending) as caught:
        run.give(cmd.ResumeRun)
    assert caught.value.facts == {"requests": (first, second)}
    assert str(caught.value) == f"a human decision is awaited: {first}, {second}; approve or reject it"


def test_a_run_is_started_once() -> None:
    """A command for a run that is not there, or a second start of one that is, names the run."""
    run = Run()
    with pytest.raises(errors.RunNotFound) as absent:
        decide(None, cmd.PauseRun(run_id=RUN, id="c", at=START))
    assert str(absent.value) == f"there is no run {RUN}; list them with `flexes runs`"
    with pytest.raises(errors.RunExists) as twice:
        run.give(cmd.StartRun, envelope=run.state.envelope, context=run.state.context, catalog=run.state.catalog)
    assert str(twice.value) == f"run {RUN} was already started"
    assert absent.value.facts == twice.value.facts == {"run_id": RUN}


def test_decide_gives_the_events_alone() -> None:
    """`decide` returns the events of the commit, from the state that it is given."""
    run = Run()
    events = decide(run.state, cmd.PauseRun(run_id=RUN, id="c", at=START, reason="tea"))
    assert [(event.kind, event.version) for event in events] == [("Paused", run.state.version + 1)]
