"""The canonical form: how every spelling is normalised, written and stored."""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from flexes.predicate.ast import And, Compare, Count, Exists, Not, When, leaves_of
from flexes.predicate.parse import parse_when
from flexes.predicate.printer import digest, paths_of, print_text, to_json

FORMS: list[tuple[Any, str, Any]] = [
    ("qa.score<0.7", "qa.score < 0.7", {"qa.score": {"<": 0.7}}),
    ("a==1", "a = 1", {"a": 1}),
    ("a = 1.0", "a = 1", {"a": 1}),
    ("a = -0.0", "a = 0", {"a": 0}),
    ("a = 1E2", "a = 100", {"a": 100}),
    ("a = 1e300", "a = 1e+300", {"a": 1e300}),
    ("a", "a = true", {"a": True}),
    ({"n": None}, "n = null", {"n": None}),
    (
        {"qa.score": {">=": 0.6, "<": 0.9}},
        "qa.score >= 0.6 && qa.score < 0.9",
        {"qa.score": {">=": 0.6, "<": 0.9}},
    ),
    ({"a": 1, "b": {"!=": 2}}, "a = 1 && b != 2", {"a": 1, "b": {"!=": 2}}),
    (
        "a > 1 && b and a < 3",
        "a > 1 && b = true && a < 3",
        {"and": [{"a": {">": 1}}, {"b": True}, {"a": {"<": 3}}]},
    ),
    ("a > 1 && a > 2", "a > 1 && a > 2", {"and": [{"a": {">": 1}}, {"a": {">": 2}}]}),
    ("a = 1 && a != 2", "a = 1 && a != 2", {"a": {"=": 1, "!=": 2}}),
    ("not a or not b", "!(a = true) || !(b = true)", {"or": [{"not": {"a": True}}, {"not": {"b": True}}]}),
    ("!(a) && !(b)", "!(a = true) && !(b = true)", {"and": [{"not": {"a": True}}, {"not": {"b": True}}]}),
    ("!!a", "!!(a = true)", {"not": {"not": {"a": True}}}),
    ("((a) && (b && (c)))", "a = true && b = true && c = true", {"a": True, "b": True, "c": True}),
    ({"and": [{"or": [{"and": [{"a": 1}]}]}]}, "a = 1", {"a": 1}),
    ("a && (b || c)", "a = true && (b = true || c = true)", {"a": True, "or": [{"b": True}, {"c": True}]}),
    ("a && b || c", "a = true && b = true || c = true", {"or": [{"a": True, "b": True}, {"c": True}]}),
    ("!(a || b)", "!(a = true || b = true)", {"not": {"or": [{"a": True}, {"b": True}]}}),
    ("!exists(a)", "!exists(a)", {"a": {"$exists": False}}),
    ({"a": {"$nonEmpty": False}}, "!nonEmpty(a)", {"a": {"$nonEmpty": False}}),
    ({"$nonEmpty": "a"}, "nonEmpty(a)", {"a": {"$nonEmpty": True}}),
    ({"$includes": ["a", "x"]}, 'includes(a, "x")', {"a": {"$includes": "x"}}),
    ({"a": {"$count": 3}}, "count(a) = 3", {"a": {"$count": 3}}),
    (
        {"a": {"$count": {">=": 1, "<": 5}}},
        "count(a) >= 1 && count(a) < 5",
        {"a": {"$count": {">=": 1, "<": 5}}},
    ),
    ('["a"]["b"][007]', "a.b[7] = true", {"a.b[7]": True}),
    ('["and"]["x y"] = "\\u00e9\\n\\""', '["and"]["x y"] = "é\\u000a\\""', {'["and"]["x y"]': 'é\n"'}),
    ({"true": 1}, '["true"] = 1', {'["true"]': 1}),
    ("count > 1 && exists", "count > 1 && exists = true", {"count": {">": 1}, "exists": True}),
    ({"and": ["a < 1", {"b": 1}]}, "a < 1 && b = 1", {"a": {"<": 1}, "b": 1}),
]


@pytest.mark.parametrize(("source", "text", "canonical"), FORMS)
def test_every_spelling_has_one_canonical_form(source: Any, text: str, canonical: Any) -> None:
    """Text and JSON are printed canonically and read back to the same predicate."""
    ast = parse_when(source)
    assert print_text(ast) == text
    assert to_json(ast) == canonical
    assert parse_when(text) == ast == parse_when(canonical)


def test_the_digest_belongs_to_the_meaning_not_the_spelling() -> None:
    """Both spellings have one digest, which is the same in every release; another literal has another."""
    assert digest(parse_when("qa.score < 0.70")) == digest(parse_when({"qa.score": {"<": 0.7}}))
    assert digest(parse_when("a = 1")) != digest(parse_when("a = true")) != digest(parse_when('a = "true"'))
    assert digest(parse_when("a < 1")) == "fd855839b7c3bd7ad63c12d49c017dea0f1fb9ce0a4006112b46350085b42353"


def test_a_line_of_text_stays_one_line() -> None:
    """No literal or key can break or disguise a line of a log."""
    ast = parse_when({'["a\\nb"]': "x\n\r\u2028\u202e\x00\x7f\x85y"})
    text = print_text(ast)
    assert text.splitlines() == [text]
    assert text.isprintable()
    assert parse_when(text) == ast


def test_paths_are_listed_once_in_order() -> None:
    """`paths_of` names what a predicate reads, each path once."""
    ast = parse_when('b.x > 1 && (a = 1 || b.x < 0) && includes(c[*].d, "x")')
    assert list(map(str, paths_of(ast))) == ["b.x", "a", "c[*].d"]
    assert len(list(leaves_of(ast))) == 4


def test_a_predicate_is_stored_inside_other_documents() -> None:
    """A `When` field of a model dumps to plain JSON and loads back equal, discriminated on `type`."""

    class Holder(BaseModel):
        when: When

    holder = Holder(when=parse_when("x = null && !(a.b < 0.5 || exists(c))"))
    assert Holder.model_validate_json(holder.model_dump_json()) == holder
    assert Holder.model_validate_json(holder.model_dump_json(exclude_none=True)) == holder
    assert holder.model_dump()["when"]["tests"][0] == {
        "type": "compare",
        "path": "x",
        "op": "=",
        "value": None,
    }
    assert Holder.model_json_schema()


@pytest.mark.parametrize(
    "stored",
    [
        {"type": "compare", "path": "a..b", "op": "=", "value": 1},
        {"type": "compare", "path": "a", "op": "<", "value": "x"},
        {"type": "compare", "path": "a", "op": "<", "value": True},
        {"type": "compare", "path": "a[*]", "op": "=", "value": 1},
        {"type": "compare", "path": "a", "op": "=", "value": 2**53},
        {"type": "compare", "path": "a", "op": "=", "value": [1]},
        {"type": "exists", "path": "a[*]"},
        {"type": "count", "path": "a", "op": "=", "value": -1},
        {"type": "and", "tests": []},
        {"type": "xor", "tests": []},
        {"type": "exists", "path": "a", "more": 1},
    ],
)
def test_what_the_grammar_forbids_cannot_be_loaded(stored: Any) -> None:
    """A stored tree that no source could have produced is refused when it is loaded."""
    with pytest.raises((ValidationError, ValueError)):
        TypeAdapter(When).validate_python(stored)


def test_nodes_are_frozen_and_hashable() -> None:
    """Equal predicates are one key, so that compiled ones can be cached."""
    first, second = (
        parse_when("a = 1 && !(exists(b) || count(c) > 2)"),
        parse_when("a = 1.0 && !(exists(b) || count(c) > 2)"),
    )
    assert hash(first) == hash(second)
    with pytest.raises(ValidationError):
        first.type = "or"  # type: ignore[misc]
    assert first == And(
        tests=(
            Compare(path="a", op="=", value=1),
            Not(test=parse_when({"or": [{"b": {"$exists": True}}, {"c": {"$count": {">": 2}}}]})),
        )
    )
    assert hash(Exists(path='["b"]')) == hash(Exists(path="b"))
    assert Count(path="c", op=">", value=2) != Count(path="c", op=">=", value=2)
