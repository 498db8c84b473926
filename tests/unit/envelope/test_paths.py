"""Facet paths: their grammar, their spelling, and what they find."""

from typing import Any

import pytest

from flexes.envelope.paths import MISSING, WILDCARD, Crossing, Path, parse_path, print_path, resolve
from flexes.errors import InvalidDocument, PredicateError


@pytest.mark.parametrize(
    ("text", "path", "printed"),
    [
        ("a", Path("a"), "a"),
        ("facet.key.list[0].key", Path("facet", ("key", "list", 0, "key")), "facet.key.list[0].key"),
        ('facet["odd key"]', Path("facet", ("odd key",)), 'facet["odd key"]'),
        ('["a"]["b-1"][ "x"]'.replace(" ", ""), Path("a", ("b-1", "x")), "a.b-1.x"),
        ("a[-1][007]", Path("a", (-1, 7)), "a[-1][7]"),
        ("recs[*].x", Path("recs", (WILDCARD, "x")), "recs[*].x"),
        ('["and"].or', Path("and", ("or",)), '["and"].or'),
        ('["\\u00e9\\ud83d\\ude00\\""]', Path('é😀"'), '["é😀\\""]'),
        ('a["$x"]', Path("a", ("$x",)), 'a["$x"]'),
        ("$run.costTotal", Path("$run", ("costTotal",)), "$run.costTotal"),
        ('$signal["metrics"]["a b"]', Path("$signal", ("metrics", "a b")), '$signal.metrics["a b"]'),
        ("$signal.validation.ok", Path("$signal", ("validation", "ok")), "$signal.validation.ok"),
    ],
)
def test_paths_are_read_and_written_canonically(text: str, path: Path, printed: str) -> None:
    """A path has one canonical spelling, which reads back equal."""
    assert parse_path(text) == path
    assert print_path(path) == str(path) == printed
    assert parse_path(printed) == path


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("", "bad_path", 1),
        ("a..b", "bad_path", 3),
        ("a.", "bad_path", 3),
        ("a b", "bad_path", 2),
        ("a[x]", "bad_path", 2),
        ("a[1", "bad_path", 2),
        ("a[1.5]", "bad_path", 2),
        ('a["x', "bad_path", 2),
        ('a["\\ud800"]', "bad_path", 2),
        ("a['x']", "bad_path", 2),
        ("1a", "bad_path", 1),
        ("é", "bad_path", 1),
        ("[0]", "bad_path", 1),
        ("a[*][*]", "bad_path", 1),
        ("a[" + "9" * 20 + "]", "bad_path", 2),
        ("$now", "reserved", 1),
        ("$run", "reserved", 1),
        ("$run.cost", "reserved", 1),
        ("$run.costTotal.x", "reserved", 1),
        ("$signal.metrics[0]", "reserved", 1),
        ("$node[*]", "reserved", 1),
        ('["$run"].costTotal', "reserved", 1),
        ("a" * 257, "limit_path", 1),
        ("a" + ".b" * 16, "limit_path", 1),
        ("a" + "[0]" * 100_000, "limit_path", 1),
    ],
)
def test_bad_paths_are_refused(text: str, code: str, column: int) -> None:
    """A malformed, reserved or too long path is an InvalidDocument with code and column."""
    with pytest.raises(PredicateError) as caught:
        parse_path(text)
    assert isinstance(caught.value, InvalidDocument)
    assert (caught.value.problem.code, caught.value.column) == (code, column)


DOCUMENT: dict[str, Any] = {
    "n": 1,
    "none": None,
    "list": [1, {"x": 2}, None],
    "recs": [{"x": 1}, {}, {"x": None}, None, {"x": [3]}],
    "one": [7],
    "keys": "not a method",
    "s": "text",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("f.n", 1),
        ("f.none", None),
        ("f.none.x", MISSING),
        ("f.none[0]", MISSING),
        ("f.absent", MISSING),
        ("f.absent.x[0]", MISSING),
        ("f.list[1].x", 2),
        ("f.list[-2].x", 2),
        ("f.list[-1]", None),
        ("f.one[-1]", 7),
        ("f.list[3]", MISSING),
        ("f.list[-4]", MISSING),
        ("f.keys", "not a method"),
        ("f.items", MISSING),
        ("f.recs[*].x", [1, [3]]),
        ("f.recs[*]", [{"x": 1}, {}, {"x": None}, {"x": [3]}]),
        ("f.absent[*].x", MISSING),
        ("f.n.real", Crossing("f.n", "object", "number")),
        ("f.s[0]", Crossing("f.s", "list", "string")),
        ("f[0]", Crossing("f", "list", "object")),
        ("f.list.x", Crossing("f.list", "object", "list")),
        ("f.n[*]", Crossing("f.n", "list", "number")),
        ("f.list[*].x", Crossing("f.list[*]", "object", "number")),
    ],
)
def test_paths_find_keys_and_elements_only(path: str, found: object) -> None:
    """Keys and elements are found, no attributes; null on the way is missing, a scalar there a crossing."""
    assert resolve(parse_path(path), DOCUMENT) == found


def test_a_missing_root_is_missing() -> None:
    """A facet that is not there has nothing at any path."""
    assert resolve(parse_path("f.x"), MISSING) is MISSING
    assert resolve(parse_path("f"), MISSING) is MISSING


def test_a_crossing_reads_as_a_reason() -> None:
    """A crossing says where, what was expected and what was there."""
    assert str(resolve(parse_path("qa.score"), True)) == "expected object at qa, got boolean"
