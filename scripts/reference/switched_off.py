"""What is refused or switched off, as tried: earlier names, and directives while a flag of the deployment is off."""

from collections.abc import Mapping
from typing import Any

from scripts.reference.markdown import table
from scripts.reference.meanings import FLAGS

from flexes.errors import InvalidDocument
from flexes.policy import actions as act
from flexes.policy.authored import RuntimePolicy, TaskPolicies
from flexes.policy.legacy import LEGACY_ACTIONS, LEGACY_FIELDS, PolicyModel
from flexes.policy.problems import validated
from flexes.run import events as ev
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate


def flags() -> str:
    """Return what becomes of each action on a matching signal while a flag is off, as tried."""
    rows = []
    for flag in FLAGS:
        for test in (None, {"$node.attempt": {">=": 1}}) if flag == "predicates" else (None,):
            name = f"`{FLAGS[flag]}`" + (", directive with a `when`" if test else "")
            rows.append((name, *(_with_flag_off(flag, kind, test) for kind in act.ACTION_TYPES)))
    return table(("off", *act.ACTION_TYPES), rows)


def legacy_actions() -> str:
    """Return the earlier names of actions, with what an author reads."""
    rows = [
        (f"`{old}`", f"`{new}`", _refusal({"id": "p", "action": {"type": old}}, RuntimePolicy))
        for old, new in LEGACY_ACTIONS.items()
    ]
    return table(("earlier name", "use", "refused with"), rows)


def legacy_fields() -> str:
    """Return the earlier fields, with what an author reads."""
    rows = [(f"`{old}`", new, _refusal({old: 1}, TaskPolicies)) for old, new in LEGACY_FIELDS.items()]
    return table(("earlier field", "use", "refused with"), rows)


def _with_flag_off(flag: str, kind: str, test: Mapping[str, Any] | None) -> str:
    action = {"type": kind, **({"event": "seen"} if kind == "emit" else {})}
    directive = {
        "id": "acting",
        "trigger": {"selector": {"node": "A"}},
        "action": action,
        **({"when": test} if test else {}),
    }
    document = {
        "envelope": {
            "objective": "o",
            "inputs": {"brief": 1},
            "outputContract": {"mode": "facets", "facets": ["copy"]},
            "policies": {"runtime": [directive]},
        },
        "capabilities": [
            {"id": "writer", "inputs": ["brief"], "outputs": ["copy"], "script": [{"outputs": {"copy": 1}}]}
        ],
        "flags": {flag: False},
        "plan": {"nodes": [{"id": "A", "capability": "writer"}]},
        "planner": [],
    }
    for commit in simulate(validated(Scenario, document, "scenario")).commits:
        for event in commit.events:
            for policy, outcome, _ in event.outcomes if isinstance(event, ev.SignalEvaluated) else ():
                if policy == "acting":
                    return "acts" if outcome == "matched" else outcome
    return "not evaluated"


def _refusal(document: Mapping[str, Any], model: type[PolicyModel]) -> str:
    try:
        validated(model, document, "policy")
    except InvalidDocument as refused:
        return f"`{refused.problems[0]}`"
    raise AssertionError(f"{document} is taken")
