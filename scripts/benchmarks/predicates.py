"""Compiled predicates against json-logic-qubit and cel-python: the same five tests on the same 40 facets.

Each language gets the form that it is best at: JSON-Logic has one operator for a range, where the others have two
tests. CEL is spared the conversion of the facets to its own types, which it needs whenever a facet changes.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import celpy
import json_logic
from celpy.adapter import json_to_cel
from figures import REPEATS, Figure, microseconds, ratio

from flexes.envelope.paths import MISSING
from flexes.predicate.compile import compile_when
from flexes.predicate.parse import parse_when

FACETS: Mapping[str, Any] = {
    "qa": {"score": 0.64, "approved": False, "issues": [{"severity": "minor"}, {"severity": "blocker"}]},
    "copy": {"text": "A spring campaign that smells of rain. " * 20, "channel": "linkedin", "words": 140},
    "status": "draft",
    "tags": ["spring", "urgent", "eu"],
    "attempts": [{"score": 0.41}, {"score": 0.64}],
    "cost": 3.2,
    **{f"facet{place}": {"value": place, "text": "x" * 40, "items": list(range(8))} for place in range(34)},
}


class Case(NamedTuple):
    """One test in three languages, and how long it should take here at most."""

    name: str
    when: str
    json_logic: Any
    cel: str
    at_most_us: float | None = None


def _var(path: str) -> dict[str, str]:
    return {"var": path}


CASES = (
    Case("one leaf", "qa.score < 0.7", {"<": [_var("qa.score"), 0.7]}, "qa.score < 0.7", 0.5),
    Case(
        "five leaves",
        'qa.score < 0.7 && (cost > 3 || copy.words > 200) && status = "draft" && !qa.approved',
        {
            "and": [
                {"<": [_var("qa.score"), 0.7]},
                {"or": [{">": [_var("cost"), 3]}, {">": [_var("copy.words"), 200]}]},
                {"==": [_var("status"), "draft"]},
                {"!": [_var("qa.approved")]},
            ]
        },
        'qa.score < 0.7 && (cost > 3.0 || copy.words > 200) && status == "draft" && !qa.approved',
        2.0,
    ),
    Case(
        "range",
        "qa.score >= 0.6 && qa.score <= 0.9",
        {"<=": [0.6, _var("qa.score"), 0.9]},
        "qa.score >= 0.6 && qa.score <= 0.9",
    ),
    Case("membership", 'includes(tags, "urgent")', {"in": ["urgent", _var("tags")]}, '"urgent" in tags'),
    Case(
        "element of a list",
        'status != "done" && attempts[1].score < 0.7',
        {"and": [{"!=": [_var("status"), "done"]}, {"<": [_var("attempts.1.score"), 0.7]}]},
        'status != "done" && attempts[1].score < 0.7',
    ),
)


def figures() -> list[Figure]:
    """Return times and ratios of every case, and the smallest ratios."""
    assert len(FACETS) == 40
    found: list[Figure] = []
    least: dict[str, float] = {}
    for case in CASES:
        ours, logic, cel = _three(case)
        assert ours().outcome == "matched", case
        assert logic() is True, case
        assert bool(cel()) is True, case
        own, other, third = microseconds(ours, logic, cel)
        found.append(Figure(case.name, "flexes", own, "us", samples=REPEATS, at_most=case.at_most_us))
        found.append(ratio(case.name, "json-logic-qubit / flexes", other, own))
        found.append(ratio(case.name, "cel-python / flexes", third, own))
        least["json-logic-qubit"] = min(least.get("json-logic-qubit", other / own), other / own)
        least["cel-python"] = min(least.get("cel-python", third / own), third / own)
    return found + [
        Figure("smallest ratio", f"{name} / flexes", value, "x", at_least=10.0 if "json" in name else None)
        for name, value in least.items()
    ]


def _three(case: Case) -> tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]:
    compiled = compile_when(parse_when(case.when))
    environment = celpy.Environment()
    program = environment.program(environment.compile(case.cel))
    activation: Any = json_to_cel(dict(FACETS))
    return (
        lambda: compiled(_lookup),
        lambda: json_logic.jsonLogic(case.json_logic, FACETS),
        lambda: program.evaluate(activation),
    )


def _lookup(name: str) -> object:
    return FACETS.get(name, MISSING)
