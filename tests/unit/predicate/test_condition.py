"""The importer for conditions of earlier envelopes."""

from typing import Any

import pytest

from flexes.errors import PredicateError
from flexes.predicate.condition import parse_condition
from flexes.predicate.printer import print_text


def var(name: str) -> dict[str, str]:
    """Return a JSON-Logic variable."""
    return {"var": name}


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ({"<": [var("qa.score"), 0.7]}, "qa.score < 0.7"),
        ({">": [0.7, var("qa.score")]}, "qa.score < 0.7"),
        ({"<=": [0, var("n"), 1]}, "n >= 0 && n <= 1"),
        ({"==": [var("s"), "x"]}, 's = "x"'),
        ({"!==": [var("s"), "x"]}, 's != "x"'),
        ({"==": [{"var": ["s"]}, True]}, "s = true"),
        (
            {"and": [{"<": [var("a"), 1]}, {"or": [var("b"), {"!": [var("c")]}]}]},
            "a < 1 && (b = true || !(c = true))",
        ),
        ({"!=": [var("x"), None]}, "exists(x)"),
        ({"==": [None, var("x")]}, "!exists(x)"),
        ({"missing": ["a", "b"]}, "!exists(a) || !exists(b)"),
        ({"!": {"missing": "a"}}, "exists(a)"),
        ({"<": [var("list.0.x"), 1]}, "list[0].x < 1"),
        ({"<": [var("metadata.runContextSnapshot.facets.plan.value.depth"), 1]}, "plan.depth < 1"),
        ({"dsl": "qa.score < 0.7 && nonEmpty(recs)"}, "qa.score < 0.7 && nonEmpty(recs)"),
    ],
)
def test_what_translates_directly_becomes_the_same_predicate(condition: Any, text: str) -> None:
    """Comparisons, and / or / not and existence are brought to the AST of `when`."""
    assert print_text(parse_condition(condition)) == text


@pytest.mark.parametrize(
    ("condition", "code", "pointer", "remedy"),
    [
        ({"in": ["x", var("tags")]}, "json_logic", "/in", 'write includes(tags, "x")'),
        ({"some": [var("r"), {"==": [var("s"), 1]}]}, "json_logic", "/some", "write includes(path[*].key"),
        ({"if": [var("a"), 1, 2]}, "json_logic", "/if", "write (test && a)"),
        ({"!!": [var("a")]}, "json_logic", "/!!", "write exists(a), or a = true"),
        ({"and": [var("a"), {"+": [1, 2]}]}, "json_logic", "/and/1/+", "no arithmetic"),
        ({"<": [{"+": [1, 2]}, 3]}, "json_logic", "/<", "path < literal"),
        ({"<": [var("a"), var("b")]}, "json_logic", "/<", "path < literal"),
        ({"<": [{"var": ["a", 0]}, 1]}, "json_logic", "/<", "exists(path)"),
        ({"var": ""}, "json_logic", "/var", "one path"),
        ({"equals": [var("a"), 1]}, "unknown_operator", "/equals", "there are"),
        ({"<": [var("a"), "x"]}, "bad_literal", "/<", "strings are not ordered"),
        ({"<": [var("a b"), 1]}, "bad_path", "/<", "quote odd keys"),
        ({"and": []}, "bad_shape", "/and", "one or more"),
        ({"!": []}, "bad_shape", "/!", "number of arguments"),
        ({}, "bad_shape", "", "one operator"),
        (True, "bad_shape", "", "one operator"),
        ({"dsl": "a <"}, "syntax", "/dsl", "expected a literal"),
        ({"dsl": 5}, "bad_shape", "", "dsl"),
    ],
)
def test_what_does_not_translate_is_refused_with_the_rewrite(
    condition: Any, code: str, pointer: str, remedy: str
) -> None:
    """Anything else is refused with code, pointer and what to write instead."""
    with pytest.raises(PredicateError) as caught:
        parse_condition(condition)
    assert (caught.value.problem.code, caught.value.problem.pointer) == (code, pointer)
    assert remedy in caught.value.problem.message


def test_bottomless_conditions_are_refused() -> None:
    """A condition is measured before it is translated."""
    deep: Any = var("a")
    for _ in range(100_000):
        deep = {"!": [deep]}
    with pytest.raises(PredicateError, match="limit_"):
        parse_condition(deep)
    with pytest.raises(PredicateError, match="limit_source"):
        parse_condition({"dsl": "a" * 9000})
