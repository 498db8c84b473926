"""Random policies, plans, capability results and planner answers for runs over one small catalog."""

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from flexes.envelope.capability import Catalog

EXAMPLES = int(os.environ.get("FLEXES_EXAMPLES", "40"))
"""Examples of a search; raise it to look longer."""
SEARCH = os.environ.get("FLEXES_EXAMPLES") is not None

PROFILE = settings(max_examples=EXAMPLES, deadline=None, derandomize=not SEARCH, print_blob=True)
"""The gate repeats the same examples; a search with FLEXES_EXAMPLES looks at new ones."""

CATALOG = Catalog.model_validate(
    {
        "capabilities": [
            {"id": "write", "inputs": ["brief"], "outputs": ["copy"], "cost": 1.0, "latencyMs": 500.0,
             "fallbacks": ["lite", "fast"], "tags": ["llm"]},
            {"id": "lite", "inputs": ["brief"], "outputs": ["copy"], "cost": 0.25, "latencyMs": 700.0},
            {"id": "fast", "inputs": ["brief"], "outputs": ["copy"], "cost": 0.75, "latencyMs": 100.0,
             "timeoutMs": 900.0},
            {"id": "mend", "inputs": ["brief", "copy"], "outputs": ["copy"], "cost": 0.5, "tags": ["rewrite"]},
            {"id": "judge", "kind": "validation", "inputs": ["copy"], "outputs": ["review"], "cost": 0.125},
            {"id": "side", "kind": "structuring", "inputs": ["brief"], "outputs": ["notes"], "cost": 0.25,
             "timeoutMs": 1500.0, "fallbacks": ["aside"]},
            {"id": "aside", "kind": "structuring", "inputs": ["brief"], "outputs": ["notes"], "cost": 0.125,
             "latencyMs": 1.0},
            {"id": "polish", "kind": "transformation", "inputs": ["copy"], "outputs": ["final"], "latencyMs": 50.0},
            {"id": "ask", "kind": "human", "inputs": ["copy"], "outputs": ["approval"], "timeoutMs": 60000.0},
            {"id": "editor", "kind": "human", "inputs": ["copy"], "outputs": ["copy"]},
        ],
        "facets": {"review": {"schema": {"type": "object", "required": ["score"]}}},
    }
)  # fmt: skip
BY_ID = CATALOG.by_id
NODE_NAMES = ("a", "b", "c", "d", "e")

VALUES = st.sampled_from([{"score": 0.2, "text": "guaranteed"}, {"score": 0.9, "text": "fine #ad"}])
METRICS = st.sampled_from([{}, {"q": 0.2}, {"q": 0.2, "s": 0.9}, {"q": 0.9}, {"q": 0.5, "s": 0.1}])
COSTS = st.sampled_from([None, 0.0, 0.5, 3.0])
LATENCIES = st.sampled_from([None, 1.0, 800.0])


@st.composite
def results(draw: st.DrawFn, capability_id: str) -> dict[str, Any]:
    """Draw what an attempt came to, as a document of Result or Failure; broken outputs included."""
    measures = {"cost": draw(COSTS), "latencyMs": draw(LATENCIES), "metrics": draw(METRICS)}
    shape = draw(st.sampled_from(["good"] * 5 + ["judged", "judged", "fail", "fail", "fail", "short", "extra", "bad"]))
    if shape == "fail":
        retryable = draw(st.booleans())
        code = draw(st.sampled_from(["node_error", "timeout"]))
        return {"type": "failure", "error": "no", "retryable": retryable, "code": code, **measures}
    outputs = {name: draw(VALUES) for name in BY_ID[capability_id].outputs}
    if shape == "short":
        outputs.pop(next(iter(outputs)))
    if shape == "extra":
        outputs["undeclared"] = {"score": 0.5}
    if shape == "bad" and "review" in outputs:
        outputs["review"] = "no object"  # type: ignore[assignment]
    validation = {"ok": draw(st.booleans()), "issues": ["i"]} if shape == "judged" else None
    return {"type": "result", "outputs": outputs, "validation": validation, **measures}


@st.composite
def plan_nodes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw the nodes of a plan that is nearly always valid: each follows the last writer of what it touches."""
    writer: dict[str, str] = {}
    nodes: list[dict[str, Any]] = []
    for name in NODE_NAMES[: draw(st.sampled_from([1, 2, 3, 3, 4, 4, 5]))]:
        able = (
            ["write", "write", "lite", "fast", "side"]
            if not nodes
            else [one for one in BY_ID if all(facet == "brief" or facet in writer for facet in BY_ID[one].inputs)]
        )
        capability = BY_ID[draw(st.sampled_from(able))]
        touched = (*capability.inputs, *capability.outputs)
        depends_on = {writer[facet] for facet in touched if facet in writer}
        readers = {node["id"] for node in nodes if set(BY_ID[node["capability"]].inputs) & set(capability.outputs)}
        extra = draw(st.sets(st.sampled_from([node["id"] for node in nodes]), max_size=1)) if nodes else set()
        node: dict[str, Any] = {
            "id": name,
            "capability": capability.id,
            "dependsOn": sorted(depends_on | readers | extra),
        }
        if draw(st.integers(0, 5)) == 0:
            node["stage"] = "late"
        if draw(st.integers(0, 19)) == 0:
            node["policyOverrides"] = {"optOut": ["r0"], "rationale": "not here"}
        nodes.append(node)
        writer.update(dict.fromkeys(capability.outputs, name))
    return nodes


TESTS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{"copy.score": {"<": 0.5}}, {"missing.x": {"=": 1}}, {"copy": {">": 1}},
     {"$node.attempt": {"<": 3}}, {"$run.replans": {"<": 1}}, {"$signal.retryable": {"=": True}}]
)  # fmt: skip
WHENS = st.sampled_from([True, True, True, False]).flatmap(lambda none: st.none() if none else TESTS)
SELECTORS = st.sampled_from(
    [None] * 8 + [{"node": "a"}, {"node": "b"}, {"capability": "write"}, {"kind": "execution"}, {"stage": "late"},
     {"tags": ["llm"]}]
)  # fmt: skip
BACKOFFS = st.sampled_from([None, None, {}, {"initialMs": 100.0, "maxMs": 150.0}, {"initialMs": 0.0}])
FALLOUTS = st.sampled_from([None, "fail", "hitl", "continue"])


def _without_none(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}


@st.composite
def actions(draw: st.DrawFn, depth: int = 0, *, goto: bool = True) -> dict[str, Any]:
    """Draw an action, gates nested up to three deep."""
    kinds = ["replan"] * 5 + ["hitl"] * 5 + ["fail", "pause", "pause", "emit"] + ["goto"] * 6 * goto
    if depth >= 3:
        kinds = [kind for kind in kinds if kind != "hitl"]
    kind = draw(st.sampled_from(kinds))
    inner = st.none() | actions(depth + 1) if depth < 3 else st.none()
    if kind == "goto":
        wanted = st.sampled_from([None, None, "a", "b", "gone", {"capability": "write"}, {"kind": "execution"}])
        exhausted = st.none() | actions(depth + 1, goto=False) if depth < 3 else st.none()
        return _without_none(
            {"type": kind, "next": draw(wanted), "maxAttempts": draw(st.integers(0, 2)), "backoff": draw(BACKOFFS),
             "onExhausted": draw(exhausted)}
        )  # fmt: skip
    if kind == "replan":
        intent = st.sampled_from([None, "rewrite", "fallback", "swap", "escalate"])
        return _without_none({"type": kind, "intent": draw(intent), "target": draw(st.sampled_from([None, None, "a"]))})
    if kind == "hitl":
        limit = st.sampled_from([None, 300.0, 5000.0])
        return _without_none(
            {"type": kind, "rationale": "look", "approveAction": draw(inner), "rejectAction": draw(inner),
             "timeoutMs": draw(limit), "onTimeout": draw(inner)}
        )  # fmt: skip
    named = {"fail": {"message": "enough"}, "pause": {"reason": "wait"}, "emit": {"event": "seen"}}[kind]
    return {"type": kind, **named}


@st.composite
def directives(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Draw one runtime directive."""
    kind = draw(
        st.sampled_from(
            ["onNodeComplete"] * 8
            + ["onNodeFail"] * 5
            + ["onStart", "onValidationFail", "onTimeout", "onMetricBelow", "onMetricAbove", "onHitlFeedback", "manual"]
        )
    )
    trigger: dict[str, Any] = {"kind": kind}
    if kind.startswith("onMetric"):
        trigger |= {"metric": draw(st.sampled_from(["q", "s", "copy.score"])), "threshold": 0.5}
    if kind == "onTimeout":
        trigger |= _without_none({"ms": draw(st.sampled_from([None, 200.0]))})
    if kind != "onStart":
        trigger |= _without_none({"selector": draw(SELECTORS)})
    return _without_none(
        {
            "id": name,
            "trigger": trigger,
            "when": draw(WHENS),
            "action": draw(actions(goto=kind != "onStart")),
            "cooldownMs": draw(st.sampled_from([0.0] * 6 + [400.0])),
            "enabled": draw(st.sampled_from([True] * 9 + [False])),
        }
    )


def _common(name: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = {
        "id": st.just(name),
        "selector": SELECTORS,
        "onUnresolved": FALLOUTS,
        "cooldownMs": st.sampled_from([0.0] * 6 + [400.0]),
    }
    return st.fixed_dictionaries(fields).map(_without_none)


@st.composite
def thresholds(draw: st.DrawFn) -> dict[str, Any]:
    """Draw thresholds of every kind, each at most once but cost twice."""
    own: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "quality": {"metric": st.sampled_from(["q", "copy.score"]), "min": st.just(0.6),
                    "target": st.sampled_from([None, None, "a"]), "maxRewrites": st.sampled_from([None, 1])},
        "cost": {"capTotal": st.sampled_from([0.5, 2.0]), "capPerNode": st.sampled_from([None, 0.4])},
        "cost2": {"capTotal": st.sampled_from([None, 1.0]), "capPerNode": st.just(0.6)},
        "latency": {"maxMs": st.just(400.0)},
        "retries": {"max": st.integers(0, 2), "backoff": BACKOFFS},
        "channels": {"channel": st.just("web"), "facet": st.sampled_from(["copy.text", "final.text"]),
                     "forbid": st.just(["guaranteed"])},
        "escalation": {"when": TESTS, "rationale": st.just("legal")},
    }  # fmt: skip
    chosen = draw(st.sets(st.sampled_from(sorted(own)), max_size=3))
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in sorted(chosen):
        fields = _without_none(draw(st.fixed_dictionaries(own[kind])))
        found.setdefault(kind.rstrip("2"), []).append({**draw(_common(f"t-{kind}")), **fields})
    return found


GUARD_RAILS = st.fixed_dictionaries(
    {
        "maxReplans": st.sampled_from([0, 1, 3, 5]),
        "maxReplansPerPolicy": st.sampled_from([0, 1, 2, 4]),
        "maxRewritesPerNode": st.integers(0, 3),
        "maxHitlRequests": st.sampled_from([0, 1, 3, 8]),
        "maxPlannerAttempts": st.integers(1, 2),
        "onLimit": st.sampled_from(["fail", "hitl", "continue"]),
    }
)


@st.composite
def envelopes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a task with random policies."""
    runtime = [draw(directives(f"r{index}")) for index in range(draw(st.sampled_from([0, 1, 2, 3, 3, 4, 5])))]
    policies: dict[str, Any] = {"runtime": runtime, "thresholds": draw(thresholds())}
    if draw(st.booleans()):
        policies["guardRails"] = draw(GUARD_RAILS)
    if runtime and runtime[0].get("enabled", True) and draw(st.integers(0, 4)) == 0:
        policies["overrides"] = [{"selector": {"node": "b"}, "optOut": ["r0"], "rationale": "b is special"}]
    contract = draw(
        st.sampled_from(
            [{"mode": "freeform"}, {"mode": "freeform"}, {"mode": "facets", "facets": ["copy"]},
             {"mode": "json_schema", "schema": {"type": "object", "properties": {"copy": {"required": ["score"]}}}}]
        )
    )  # fmt: skip
    inputs = {"brief": {"text": "hello"}, "channel": draw(st.sampled_from(["web", "print"]))}
    return {"objective": "say it", "inputs": inputs, "outputContract": contract, "policies": policies}


FLAGS = st.sampled_from(
    [{}] * 6 + [{"policyEngine": False}, {"predicates": False}, {"actionDispatcher": False}, {"replanning": False}]
)


@st.composite
def deltas(draw: st.DrawFn, node_ids: tuple[str, ...]) -> dict[str, Any]:
    """Draw any delta over these nodes, good or bad."""
    some = st.lists(st.sampled_from(node_ids), max_size=2, unique=True)
    capability = st.sampled_from(sorted(BY_ID))
    replace = [{"id": name, "capability": draw(capability)} for name in draw(some)]
    remove = [name for name in draw(some) if name not in {change["id"] for change in replace}]
    add: list[dict[str, Any]] = []
    for name in draw(st.lists(st.sampled_from(["f", "g", "a~rewrite1", *remove]), max_size=2, unique=True)):
        depends_on = draw(st.lists(st.sampled_from(node_ids), max_size=2, unique=True))
        add.append({"id": name, "capability": draw(capability), "dependsOn": depends_on})
    base = draw(st.sampled_from([None, None, None, 1]))
    return _without_none({"type": "delta", "baseVersion": base, "add": add, "replace": replace, "remove": remove})
