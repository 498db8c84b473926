"""A refusal as its reader sees it: code, pointer, words with the remedy, and the offending value (semantics 5)."""

from typing import Any

import pytest
from tests.unit.policy.policy_cases import context_of, refused, runtime

SIX = "goto, replan, hitl, fail, pause, emit"
EMIT: dict[str, Any] = {"type": "emit", "event": "e"}
LATENCY: dict[str, Any] = {"id": "q", "maxMs": 1.0}
LONG = "x" * 100


def asking(times: int) -> dict[str, Any]:
    """Return gates that stand that deep in each other."""
    return EMIT if times == 0 else {"type": "hitl", "approveAction": asking(times - 1)}


CASES: dict[str, tuple[dict[str, Any], str, str, str, str]] = {
    "no action": (
        runtime(action=5), "bad_action", "/runtime/0/action",
        f"an action is an object with a 'type', one of {SIX}", "5",
    ),
    "no type": (
        runtime(action={}), "bad_action", "/runtime/0/action",
        f"an action is an object with a 'type', one of {SIX}", "{}",
    ),
    "unknown action": (
        runtime(action={"type": "nope"}), "unknown_action", "/runtime/0/action/type",
        f"unknown action 'nope'; use one of {SIX}", "'nope'",
    ),
    "legacy action": (
        runtime(action={"type": "hitl", "onTimeout": {"type": "fail_run"}}), "legacy_action",
        "/runtime/0/action/onTimeout/type", "'fail_run' was renamed; use 'fail'", "'fail_run'",
    ),
    "goto after goto": (
        runtime(action={"type": "goto", "onExhausted": {"type": "goto"}}), "bad_action",
        "/runtime/0/action/onExhausted/type",
        "onExhausted takes any action but goto; raise maxAttempts instead", "'goto'",
    ),
    "unknown opt-out": (
        {"overrides": [{"selector": {}, "optOut": ["x"], "rationale": "r"}]}, "unknown_policy", "/overrides/0/optOut/0",
        "x is no threshold or directive of this envelope", "'x'",
    ),
    "missing key": (
        {"runtime": [{"id": "r"}]}, "missing_key", "/runtime/0/action", "the key 'action' is required; add it", "",
    ),
    "unknown key": (
        runtime(wen="a"), "unknown_key", "/runtime/0/wen", "unknown key 'wen'; did you mean 'when'?", "'a'",
    ),
    "strange key": (
        runtime(zzzzzz=1), "unknown_key", "/runtime/0/zzzzzz", "unknown key 'zzzzzz'; remove it", "1",
    ),
    "doubled id": (
        {"thresholds": {"latency": [LATENCY, LATENCY]}}, "duplicate_id", "/thresholds/latency/1/id",
        "the id q is already used at /thresholds/latency/0/id; every threshold and directive needs its own", "'q'",
    ),
    "no predicate": (
        runtime(when="a <"), "syntax", "/runtime/0/when",
        'expected a literal: "text", 0.7, true, false or null', "the end",
    ),
    "no cap": (
        {"thresholds": {"cost": [{"id": "c"}]}}, "bad_policy", "/thresholds/cost/0",
        "a cost threshold needs capTotal, capPerNode or both", "{'id': 'c'}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_is_told_whole(case: str) -> None:
    """Code, pointer, message and value are what a caller acts on; each is as the reference of errors says."""
    policies, code, pointer, message, value = CASES[case]
    [found] = refused(**policies)
    assert (found.code, found.pointer, found.message, found.value) == (code, pointer, message, value)


@pytest.mark.parametrize("depth", [4, 6])
def test_too_deep_says_how_deep(depth: int) -> None:
    """Gates nest three deep; deeper ones are refused with how deep they go."""
    assert context_of(**runtime(action=asking(3))).directives
    [found] = refused(**runtime(action=asking(depth)))
    assert (found.code, found.pointer) == ("nesting_depth", "/runtime/0/action")
    assert found.message == f"actions nest {depth} levels deep, at most 3; split the directive"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(LONG[:78], f"'{LONG[:78]}'"), (LONG[:79], f"'{LONG[:78]}…"), ([0] * 8, str([0] * 8)), ([0] * 9, "list of 9")],
)
def test_a_long_value_is_cut(value: Any, shown: str) -> None:
    """A refused value is shown in at most eighty characters, a big one by its kind and its size."""
    [found] = refused(guardRails={"maxReplans": value})
    assert found.value == shown


@pytest.mark.parametrize(
    ("selector", "code", "words"),
    [
        ({"capability": "nobody"}, "unknown_capability", "selects the unknown capability 'nobody'"),
        ({"tags": ["nothing"]}, "matches_nothing", "no capability of the catalog can match it"),
        ({"capability": "judge", "tags": ["llm"]}, "matches_nothing", "no capability of the catalog can match it"),
    ],
)
def test_what_can_never_match_is_a_warning(selector: dict[str, Any], code: str, words: str) -> None:
    """A selector that no capability of the catalog answers to is stored with a warning that names the directive."""
    [found, *_] = context_of(**runtime(trigger={"selector": selector})).warnings
    assert (found.code, found.where, found.message) == (code, "r", words)
