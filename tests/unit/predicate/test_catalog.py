"""A predicate against the facet catalog."""

from typing import Any

import pytest

from flexes.predicate.catalog import check_facets
from flexes.predicate.parse import parse_when

CATALOG: dict[str, Any] = {
    "qa": {
        "type": "object",
        "properties": {
            "score": {"type": "number"},
            "level": {"enum": ["low", "high"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
            "loop": {"$ref": "#/properties/loop"},
        },
        "additionalProperties": False,
    },
    "recs": {
        "type": "array",
        "items": {"$ref": "#/$defs/rec"},
        "$defs": {"rec": {"type": "object", "properties": {"severity": {"type": "string"}}}},
    },
    "free": None,
    "odd": {"allOf": [{"type": "string"}]},
    "closed": False,
    "words": {"patternProperties": {".*": {"type": "string"}}, "additionalProperties": False},
}


@pytest.mark.parametrize(
    "when",
    [
        "qa.score < 1",
        'qa.level = "low"',
        "qa.maybe = 3",
        "qa.maybe = null",
        "qa.loop = 3",
        'includes(qa.tags, "x") && count(qa.tags) > 1 && qa.tags[0] = "x"',
        'includes(recs[*].severity, "blocker") && nonEmpty(recs[*].severity)',
        "recs[0].unknown = 1",
        "free.anything[3].x = 1",
        "odd.x = 1",
        'words.any = "x"',
        "exists(qa.tags)",
        "$run.replans > 1 && $signal.metrics.quality < 0.5 && $signal.validation.ok = false",
    ],
)
def test_what_may_fit_has_no_finding(when: str) -> None:
    """What a schema allows, leaves open, or says in a way that is not followed is not complained about."""
    assert check_facets(parse_when(when), CATALOG) == ()


@pytest.mark.parametrize(
    ("when", "code", "part"),
    [
        ("rec > 1", "unknown_facet", "did you mean recs?"),
        ("nothing > 1", "unknown_facet", "declare it"),
        ("qa.scor < 1", "unknown_facet", "allows no scor in qa"),
        ('qa.score = "x"', "type_mismatch", "qa.score holds number, but the test takes string"),
        ("qa.level < 3", "type_mismatch", "qa.level holds string"),
        ("qa.maybe", "type_mismatch", "null or number"),
        ("nonEmpty(qa.score)", "type_mismatch", "string or list or object"),
        ("recs.severity = 1", "type_mismatch", "recs holds list, but the test takes object"),
        ("includes(qa[*].x, 1)", "type_mismatch", "qa holds object"),
        ("includes(recs[*].severity.x, 1)", "type_mismatch", "recs[*].severity holds string"),
        ("qa = null", "type_mismatch", "qa holds object"),
        ('$run.costTotal = "x"', "type_mismatch", "$run.costTotal holds"),
        ("closed = 1", "type_mismatch", "closed"),
    ],
)
def test_what_can_never_fit_is_found(when: str, code: str, part: str) -> None:
    """A name that nothing produces, or a type that no test takes, is a finding that quotes the test."""
    (problem,) = check_facets(parse_when(f"{when} || free"), CATALOG)
    assert problem.code == code
    assert part in problem.message
    assert problem.value.startswith(when.split(" ")[0])
