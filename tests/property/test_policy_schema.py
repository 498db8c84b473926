"""The JSON Schema for editors and the code accept the same documents.

Exceptions, which only the code refuses: texts and paths that do not parse, limits of predicates, nesting beyond three
gates, ids used twice, opt-outs of unknown ids, more than 256 directives in all, `2.0` for a whole number, payloads
that cannot be stored, and a channel's facet that is no path. Only the schema refuses snake_case keys and an unknown
key of a selector with an empty text.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.property.predicate_cases import TREES
from tests.property.reference_predicate import json_of, text_of

from flexes.errors import InvalidDocument
from flexes.policy.authored import TaskPolicies
from flexes.policy.problems import validated
from flexes.policy.schema import envelope_schema, policies_schema
from flexes.predicate.limits import DEFAULT_LIMITS
from flexes.predicate.parse import parse_when
from flexes.predicate.printer import to_json

SCHEMA = Draft202012Validator(policies_schema())
_FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_names = st.text(min_size=1, max_size=8, alphabet="abcxyz.-_ é")
_numbers = st.integers(0, 1000) | st.floats(0, 1e6)


def both(document: Any) -> tuple[bool, bool]:
    """Return whether the code, and whether the schema, accepts a policies document."""
    try:
        validated(TaskPolicies, document, "policies")
        accepted = True
    except InvalidDocument:
        accepted = False
    return accepted, SCHEMA.is_valid(document)


def with_some(draw: st.DrawFn, required: dict[str, Any], **optional: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Return the required keys and some of the optional ones."""
    return required | {key: draw(strategy) for key, strategy in optional.items() if draw(st.integers(0, 2)) == 0}


@st.composite
def whens(draw: st.DrawFn) -> Any:
    """Predicates, as text, as JSON, as canonical JSON, and nested."""
    tree: Any = draw(TREES)
    text, document = text_of(tree), json_of(tree)
    canonical = to_json(parse_when(text))
    return draw(st.sampled_from((text, document, canonical, {"and": [text, document]}, {"not": canonical})))


@st.composite
def selectors(draw: st.DrawFn) -> dict[str, Any]:
    """Selectors with every accepted spelling and empty texts."""
    word = _names | st.just("") | st.none()
    kind = st.sampled_from(("execution", "human", "", None))
    tags = st.lists(_names, max_size=2) | st.just("")
    capability, node = draw(st.sampled_from((("capability", "node"), ("capabilityId", "nodeId"))))
    return with_some(draw, {}, **{capability: word, node: word, "stage": word, "kind": kind, "tags": tags})


@st.composite
def backoffs(draw: st.DrawFn) -> dict[str, Any]:
    """Backoffs."""
    return with_some(draw, {}, initialMs=_numbers, multiplier=st.floats(1, 100), maxMs=_numbers)


@st.composite
def actions(draw: st.DrawFn, depth: int = 0, *, gotos: bool = True) -> dict[str, Any]:
    """Actions of all six types, nested up to twice."""
    kinds = ("replan", "fail", "pause", "emit", *(("goto",) if gotos else ()), *(("hitl",) if depth < 2 else ()))
    kind, text = draw(st.sampled_from(kinds)), st.none() | st.text(max_size=5)
    made = {"type": kind}
    match kind:
        case "goto":
            then = actions(depth + 1, gotos=False) if depth < 2 else st.none()
            counts, target = st.integers(0, 9), st.none() | _names | selectors()
            return with_some(
                draw, made, next=target, maxAttempts=counts, backoff=backoffs() | st.none(), onExhausted=then
            )
        case "hitl":
            inner = st.none() | actions(depth + 1)
            sides = {"approveAction": inner, "rejectAction": inner, "onTimeout": inner}
            return with_some(draw, made, rationale=text, timeoutMs=st.floats(1, 9), **sides)
        case "replan":
            return with_some(draw, made, rationale=text, intent=st.sampled_from(("swap", None)), target=_names)
        case "emit":
            return with_some(draw, made | {"event": draw(_names)}, payload=st.sampled_from((None, {"a": [1]}, 2)))
        case _:
            return with_some(draw, made, **{"message" if kind == "fail" else "reason": text})


@st.composite
def triggers(draw: st.DrawFn) -> dict[str, Any]:
    """Triggers with the fields of their kind."""
    kind = draw(st.sampled_from(("onStart", "onNodeComplete", "onNodeFail", "onTimeout", "onMetricBelow", "manual")))
    given: dict[str, Any] = {"kind": kind}
    if kind == "onMetricBelow":
        given |= {"metric": draw(_names), "threshold": draw(_numbers)}
    selector = st.sampled_from(({}, None, {"node": ""})) if kind == "onStart" else selectors() | st.none()
    condition = st.sampled_from(({"<": [{"var": "a.b"}, 1]}, {"dsl": "a < 1"}, {"!": {"missing": ["a.0"]}}, None))
    more = {"ms": st.floats(1, 9)} if kind == "onTimeout" else {"ms": st.none(), "threshold": st.none()}
    if kind == "onMetricBelow":
        more = {}
    return with_some(draw, given, selector=selector, condition=condition, **more)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Valid policies with every part."""
    common = {
        "enabled": st.booleans(),
        "selector": selectors() | st.none(),
        "onUnresolved": st.sampled_from(("fail", "hitl", "continue", None)),
        "cooldownMs": _numbers,
    }
    size = st.none() | st.integers(0, 9)
    trigger = draw(triggers())
    action = draw(actions(gotos=trigger["kind"] != "onStart"))
    thresholds = {
        "quality": with_some(draw, {"metric": draw(_names), "min": draw(_numbers)}, maxRewrites=size, target=_names),
        "cost": with_some(draw, {draw(st.sampled_from(("capTotal", "capPerNode"))): draw(_numbers)}),
        "latency": {"maxMs": draw(_numbers)},
        "retries": with_some(draw, {"max": draw(st.integers(0, 9))}, backoff=backoffs()),
        "channels": with_some(draw, {"channel": "c", "facet": "a.b"}, maxLength=size, forbid=st.lists(_names)),
        "escalation": with_some(draw, {"when": draw(whens())}, rationale=st.text()),
    }
    named = {group: [with_some(draw, {"id": group, **made}, **common)] for group, made in thresholds.items()}
    policy = with_some(
        draw,
        {"id": "d", "trigger": trigger, "action": action},
        when=whens() | st.none(),
        enabled=st.booleans(),
        cooldownMs=_numbers,
    )
    return {
        "thresholds": named,
        "runtime": [policy],
        "overrides": [{"selector": draw(selectors()), "optOut": ["d"], "rationale": "r"}],
        "guardRails": with_some(draw, {}, maxReplans=st.integers(0, 9), onLimit=st.just("hitl")),
        "planner": with_some(draw, {}, topology=st.just({"maxDepth": 3, "requiredKinds": ["human"]})),
    }


def put(*place: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return the mutation that puts a value at a place."""

    def mutate(document: Any) -> None:
        for step in place[:-1]:
            document = document[step]
        document[place[-1]] = value

    return mutate


def drop(*place: Any) -> Callable[[dict[str, Any]], None]:
    """Return the mutation that takes a key away."""

    def mutate(document: Any) -> None:
        for step in place[:-1]:
            document = document[step]
        del document[place[-1]]

    return mutate


_D = ("runtime", 0)
_T = "thresholds"
_WRONG_WHENS: tuple[Any, ...] = (
    *({}, 3, "", " ", [], True, {"and": []}, {"or": {"a": 1}}, {"not": []}, {"=": 1}),
    *({"a": ["x"]}, {"a": {}}, {"a": {"<": "1"}}, {"a": {"<<": 1}}, {"a": {"b": 1}}, {"a": "x" * 257}),
    *({"a..b": 1}, {"": 1}, {"$other": 1}, {"$run.other": 1}, {"$run": 1}, {'["$x"]': 1}, {"a\n": 1}),
    *({"a[*]": 1}, {"a[*]": {"=": 1}}, {"a[*].b[*]": {"$count": 1}}, {"$run[*]": {"$count": 1}}),
    *({"a": {"$exists": 1}}, {"a": {"$count": -1}}, {"a": {"$count": {"~": 1}}}, {"a": {"$includes": {}}}),
    *({"$nonEmpty": 1}, {"$includes": ["a"]}, {"$includes": ["a", []]}),
    *({"<": [{"var": "a"}, 1]}, {"var": "a"}),
)
MUTATIONS: tuple[Callable[[dict[str, Any]], None], ...] = (
    put("other", value=1),
    put("variantCount", value=1),
    put("guardRails", "maxReplans", value=-1),
    put("guardRails", "maxReplans", value="1"),
    put("guardRails", "maxReplans", value=1_000_001),
    put("guardRails", "maxPlannerAttempts", value=0),
    put("guardRails", "onLimit", value="stop"),
    put("guardRails", "other", value=1),
    put("planner", "topology", value={"forbiddenKinds": ["other"]}),
    put("planner", "selection", value={"require": "a"}),
    put("planner", "optimisation", value={"objective": "other"}),
    put("overrides", 0, "optOut", value=[]),
    drop("overrides", 0, "rationale"),
    drop("overrides", 0, "selector"),
    drop(*_D, "id"),
    drop(*_D, "action"),
    put(*_D, "id", value=""),
    put(*_D, "id", value="x" * 257),
    put(*_D, "id", value=None),
    put(*_D, "enabled", value="true"),
    put(*_D, "enabled", value=None),
    put(*_D, "cooldownMs", value=-1),
    put(*_D, "cooldownMs", value=1e14),
    put(*_D, "cooldownMs", value=True),
    put(*_D, "whn", value={"a": 1}),
    put(*_D, "trigger", "kind", value="onEnd"),
    put(*_D, "trigger", "other", value=1),
    put(*_D, "trigger", "selector", value={"node": 3}),
    put(*_D, "trigger", "selector", value={"kind": "other"}),
    put(*_D, "trigger", "selector", value={"tags": None}),
    put(*_D, "trigger", "selector", value={"other": "x"}),
    put(*_D, "trigger", value={"kind": "onMetricBelow", "metric": "m"}),
    put(*_D, "trigger", value={"kind": "onMetricAbove", "threshold": 1}),
    put(*_D, "trigger", value={"kind": "onMetricAbove", "threshold": 1, "metric": None}),
    put(*_D, "trigger", value={"kind": "onNodeFail", "metric": "m"}),
    put(*_D, "trigger", value={"threshold": 1}),
    put(*_D, "trigger", value={"kind": "manual", "ms": 1}),
    put(*_D, "trigger", value={"kind": "onTimeout", "ms": 0}),
    put(*_D, "trigger", value={"kind": "onStart", "selector": {"node": "x"}}),
    put(*_D, "trigger", value={"kind": "onStart", "selector": {"tags": ["x"]}}),
    put(*_D, "trigger", value={"condition": {"+": [1, 2]}}),
    put(*_D, "trigger", value={"condition": {"dsl": "a < 1", "x": 1}}),
    put(*_D, "trigger", value={"condition": {"<": [{"var": "a"}, "x"]}}),
    put(*_D, "trigger", value={"condition": "a < 1"}),
    *(put(*_D, "when", value=when) for when in _WRONG_WHENS),
    put(*_D, "action", value={"type": "goto_node"}),
    put(*_D, "action", value={}),
    put(*_D, "action", value={"type": "goto", "maxAttempts": 1.5}),
    put(*_D, "action", value={"type": "goto", "next": ""}),
    put(*_D, "action", value={"type": "goto", "message": "x"}),
    put(*_D, "action", value={"type": "goto", "backoff": {"multiplier": 0.5}}),
    put(*_D, "action", value={"type": "goto", "onExhausted": {"type": "goto"}}),
    put(*_D, "action", value={"type": "hitl", "approveAction": {"type": "log_only"}}),
    put(*_D, "action", value={"type": "hitl", "timeoutMs": 0}),
    put(*_D, "action", value={"type": "replan", "intent": "other"}),
    put(*_D, "action", value={"type": "emit"}),
    put(*_D, "action", value=None),
    put(*_D, value={"id": "d", "trigger": {"kind": "onStart"}, "action": {"type": "goto"}}),
    put(_T, "other", value=[]),
    put(_T, "cost", 0, value={"id": "cost", "capTotal": None}),
    put(_T, "cost", 0, "capTotal", value=-1),
    put(_T, "cost", 0, "capTotal", value=1e13),
    put(_T, "quality", 0, "min", value=None),
    drop(_T, "quality", 0, "metric"),
    put(_T, "quality", 0, "max", value=1),
    put(_T, "latency", 0, "maxMs", value="1"),
    put(_T, "retries", 0, "max", value=-1),
    put(_T, "channels", 0, "forbid", value=[""]),
    drop(_T, "channels", 0, "facet"),
    drop(_T, "escalation", 0, "when"),
    put(_T, "escalation", 0, "when", value=None),
)


@_FEW
@given(document=documents())
def test_valid_documents_are_valid_to_both(document: dict[str, Any]) -> None:
    """What the code accepts, the schema accepts."""
    assert both(document) == (True, True)


@_FEW
@given(document=documents(), data=st.data())
def test_mutated_documents_are_refused_by_both(document: dict[str, Any], data: st.DataObject) -> None:
    """Each mutation is refused by the code and by the schema, whatever it is made of."""
    mutated = copy.deepcopy(document)
    data.draw(st.sampled_from(MUTATIONS))(mutated)
    assert both(mutated) == (False, False)


BASE: dict[str, Any] = {
    "thresholds": {
        "quality": [{"id": "quality", "metric": "m", "min": 1}],
        "cost": [{"id": "cost", "capTotal": 1}],
        "latency": [{"id": "latency", "maxMs": 1}],
        "retries": [{"id": "retries", "max": 1}],
        "channels": [{"id": "channels", "channel": "c", "facet": "f"}],
        "escalation": [{"id": "escalation", "when": "a"}],
    },
    "runtime": [{"id": "d", "trigger": {}, "action": {"type": "fail"}}],
    "overrides": [{"selector": {}, "optOut": ["d"], "rationale": "r"}],
    "guardRails": {},
    "planner": {},
}


@pytest.mark.parametrize("place", range(len(MUTATIONS)))
def test_every_mutation_is_refused_by_both(place: int) -> None:
    """Each mutation of a plain document is refused by the code and by the schema."""
    assert both(BASE) == (True, True)
    mutated = copy.deepcopy(BASE)
    MUTATIONS[place](mutated)
    assert both(mutated) == (False, False)


def test_the_limits_of_predicates_are_left_to_the_code() -> None:
    """The listed exceptions are the ones: the schema accepts what only the code can refuse."""
    deep: Any = "a"
    for _ in range(DEFAULT_LIMITS.max_depth + 1):
        deep = {"not": deep}
    for when in (deep, "a <", {"a": 2**53}):
        document = BASE | {"runtime": [{"id": "d", "when": when, "action": {"type": "fail"}}]}
        assert both(document) == (False, True)


def test_both_schemas_are_valid_schemas() -> None:
    """Both schemas are JSON Schema 2020-12, and that of envelopes takes the minimal one."""
    for schema in (policies_schema(), envelope_schema()):
        Draft202012Validator.check_schema(schema)
    envelope = {"objective": "o", "outputContract": {"mode": "facets", "facets": ["a"]}, "policies": BASE}
    assert Draft202012Validator(envelope_schema()).is_valid(envelope)
    assert not Draft202012Validator(envelope_schema()).is_valid(envelope | {"objectve": ""})
