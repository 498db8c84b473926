"""What people write is read as plain data, or refused at its line, whatever it holds."""

import time
from pathlib import Path

import pytest

from flexes.errors import InvalidDocument
from flexes.scenario.documents import MAX_BYTES, load_document, parse_document

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{', '.join(['*' + chr(97 + level)] * 10)}]\n" for level in range(9)
)

HOSTILE = {
    "10 MB": ("x.yaml", "x" * 10_000_000, "too_large"),
    "10 MB JSON": ("x.json", '"' + "x" * 10_000_000 + '"', "too_large"),
    "deep JSON lists": ("x.json", "[" * 100_000, "too_deep"),
    "deep JSON objects": ("x.json", '{"a":' * 100_000, "too_deep"),
    "deep YAML flow": ("x.yaml", "[" * 100_000, "too_deep"),
    "deep YAML flow objects": ("x.yaml", "{a: " * 100_000, "too_deep"),
    "deep YAML block": ("x.yaml", "- " * 100_000 + "a", "too_deep"),
    "keys in keys": ("x.yaml", "? " * 100_000, "bad_key"),
    "alias bomb": ("x.yaml", BOMB, "too_large"),
    "alias to itself": ("x.yaml", "a: &a [*a]", "bad_alias"),
    "unknown alias": ("x.yaml", "a: *b", "bad_alias"),
    "huge integer": ("x.json", '{"a": ' + "9" * 1_000_000 + "}", "huge_integer"),
    "huge YAML integer": ("x.yaml", "a: " + "9" * 1_000_000, "huge_integer"),
    "65 bits": ("x.json", "[9223372036854775808]", "huge_integer"),
    "NaN": ("x.json", '{"a": NaN}', "not_finite"),
    "Infinity": ("x.json", "[-Infinity]", "not_finite"),
    "overflow": ("x.json", "[1e999]", "not_finite"),
    "YAML NaN": ("x.yaml", "a: .nan", "not_finite"),
    "YAML infinity": ("x.yaml", "a: -.inf", "not_finite"),
    "lone surrogate": ("x.json", '{"a": "\\ud800"}', "bad_text"),
    "code by tag": ("x.yaml", "!!python/object/apply:os.system ['true']", "bad_tag"),
    "control character": ("x.yaml", "a: \x01", "syntax"),
    "unterminated text": ("x.json", '{"a": "' + '\\"' * 1_000_000, "syntax"),
    "merge": ("x.yaml", "a: &a {b: 1}\nc: {<<: *a}", "bad_key"),
    "two documents": ("x.yaml", "a: 1\n---\nb: 2", "syntax"),
    "nothing": ("x.yaml", " \n# a remark\n", "empty"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_refused_at_once(name: str) -> None:
    """Hostile input is refused in milliseconds with a code of its own, before anything is built."""
    file, text, code = HOSTILE[name]
    started = time.perf_counter()
    with pytest.raises(InvalidDocument) as refused:
        parse_document(text, file)
    assert [problem.code for problem in refused.value.problems] == [code]
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("x.json", '{"a": 1,\n "b": {"c": 1, "c": 2}}', "line 2, column 16"),
        ("x.json", '{"a": 1,\n "b": [{"a": 1}, NaN]}', "line 2, column 18"),
        ("x.json", '{"a": "NaN",\n "a\\u0062": 1, "ab": 2}', "line 2, column 16"),
        ("x.json", '{"a": 1\n "b": 2}', "line 2, column 2"),
        ("x.yaml", "a: 1\nb:\n  c: 1\n  c: 2\n", "line 4, column 3"),
        ("x.yaml", "a: [1, 2\nb: 3\n", "line 2, column 2"),
        ("x.yaml", "a:\n\t- b\n", "line 2, column 1"),
        ("x.yaml", "a: 1\nb: 1e999\n", "line 2, column 4"),
    ],
)
def test_a_fault_names_its_place(file: str, text: str, place: str) -> None:
    """A duplicate key, a bad number and broken syntax are refused with file, line and column."""
    with pytest.raises(InvalidDocument) as refused:
        parse_document(text, file)
    assert place in str(refused.value)
    assert file in str(refused.value)


def test_yaml_says_what_json_can_say() -> None:
    """Only true and false are booleans; dates, times, octal and grouped numbers stay text; keys are text."""
    text = (
        "on: yes\noff: no\nd: 2024-01-01\nt: 12:30:45\no: 010\nh: 0x1F\ng: 1_000\n1: [true, False, ~, '', -3, 1.5, 1e3]"
    )
    assert parse_document(text, "x.yaml") == {
        "on": "yes",
        "off": "no",
        "d": "2024-01-01",
        "t": "12:30:45",
        "o": "010",
        "h": "0x1F",
        "g": "1_000",
        "1": [True, False, None, "", -3, 1.5, 1000.0],
    }


def test_an_alias_repeats_a_value() -> None:
    """An alias stands for what its anchor held, as long as the document stays small."""
    assert parse_document("a: &x {b: [1]}\nc: [*x, *x]", "x.yaml") == {"a": {"b": [1]}, "c": [{"b": [1]}, {"b": [1]}]}


def test_quoted_scalars_are_text() -> None:
    """What is quoted, or tagged as text, is text whatever it looks like."""
    assert parse_document("[\"1\", 'true', !!str 2, ! 3]", "x.yaml") == ["1", "true", "2", "3"]


def test_the_format_follows_the_name_then_the_look() -> None:
    """The suffix decides; without one, a leading brace or bracket means JSON."""
    assert parse_document('{"a": [1]}', "standard input") == {"a": [1]}
    assert parse_document("a: [1]", "standard input") == {"a": [1]}
    assert parse_document("{a: [1]}", "x.yml") == {"a": [1]}
    with pytest.raises(InvalidDocument, match="not JSON"):
        parse_document("{a: [1]}", "x.json")


def test_what_only_looks_sees_every_number() -> None:
    """Where numbers need not be finite, NaN and long integers are read, and absurd ones still refused."""
    found = parse_document('{"a": [Infinity, 1e999, 9223372036854775808]}', "x.json", finite=False)
    assert found == {"a": [float("inf"), float("inf"), 2**63]}
    with pytest.raises(InvalidDocument, match="huge_integer"):
        parse_document("9" * 5_000, "x.json", finite=False)


def test_files_are_read_up_to_the_cap(tmp_path: Path) -> None:
    """A file over the cap is refused without being read whole; a missing one, a folder and bad UTF-8 say so."""
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES * 1_000)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    (tmp_path / "bom.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    for name, code in (
        ("large.json", "too_large"),
        ("none.yaml", "unreadable_file"),
        ("", "unreadable_file"),
        ("latin.yaml", "not_utf8"),
    ):
        with pytest.raises(InvalidDocument) as refused:
            load_document(tmp_path / name)
        assert refused.value.problems[0].code == code
    assert load_document(tmp_path / "bom.json") == {"a": 1}
