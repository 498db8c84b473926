"""What directives that cannot match cost: one signal judged beside 0 and beside 256 of them."""

from collections.abc import Callable
from typing import Any

from figures import Figure, microseconds, ratio

from flexes.ids import Instant
from flexes.policy.problems import validated
from flexes.run.inbox import Item
from flexes.run.judge import judged
from flexes.run.signals import signal_of
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate

COUNT = 255
"""With the one that matches, all that an envelope may have."""

_EMIT = {"type": "emit", "event": "seen"}
_MATCHING = {"id": "match", "trigger": {"selector": {"node": "a"}}, "when": "score < 1", "action": _EMIT}
_OTHERS: dict[str, dict[str, Any]] = {
    "other triggers": {"trigger": {"kind": "onNodeFail"}},
    "other nodes": {"trigger": {"selector": {"node": "elsewhere"}}},
    "other capabilities": {"trigger": {"selector": {"capability": "elsewhere"}}},
    "other stages": {"trigger": {"selector": {"stage": "elsewhere"}}},
    "other kinds": {"trigger": {"selector": {"kind": "human"}}},
    "other tags": {"trigger": {"selector": {"tags": ["elsewhere"]}}},
}


def figures() -> list[Figure]:
    """Return the time to judge one signal, alone and beside directives of each kind."""
    names = list(_OTHERS)
    judges = [
        _judging(()),
        *(_judging([{**_OTHERS[name], **_other(place)} for place in range(COUNT)]) for name in names),
    ]
    alone, *beside = microseconds(*judges)
    found = [Figure("one directive alone", "judged", alone, "us")]
    for name, took in zip(names, beside, strict=True):
        found.append(Figure(f"and {COUNT} with {name}", "judged", took, "us"))
        found.append(ratio(f"and {COUNT} with {name}", "against alone", took, alone, "1.00 is nothing measurable"))
    return found


def _other(place: int) -> dict[str, Any]:
    return {"id": f"other{place}", "when": "score < 1", "action": _EMIT}


def _judging(others: Any) -> Callable[[], object]:
    document = {
        "envelope": {
            "objective": "measure",
            "outputContract": {"mode": "freeform"},
            "policies": {"runtime": [_MATCHING, *others]},
        },
        "capabilities": [{"id": "make", "outputs": ["score"], "script": [{"outputs": {"score": 0.5}}]}],
        "plan": {"nodes": [{"id": "a", "capability": "make"}]},
    }
    state = simulate(validated(Scenario, document, "scenario")).state
    at = Instant(state.started_at)
    signal = signal_of(state, Item(id="signal", kind="outcome", node="a", attempt=1), at)
    assert [found.directive.id for found in judged(state, signal, at).judgements] == ["match"]
    return lambda: judged(state, signal, at)
