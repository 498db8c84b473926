"""The reference pages are those that the code makes, and no code of an error is without an entry."""

import ast
import re
import sys
from collections.abc import Iterator

import pytest
from scripts.reference import pages
from tests.docs.pages import ROOT

_CALLS = ("Problem", "PydanticCustomError", "refusal", "Refused", "_refused", "_finding", "_error", "Warning")
_CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_NO_CODE = {"error", "message"}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other versions print types differently")
@pytest.mark.parametrize("page", pages.PAGES)
def test_reference_is_what_the_code_makes(page: str) -> None:
    """The reference comes from the code; `python -m scripts.reference` writes it again."""
    assert (ROOT / "docs/reference" / page).read_text(encoding="utf-8") == pages.made(page)


def test_each_code_has_an_entry() -> None:
    """Each stable code that the code can give stands in errors.md."""
    text = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^(?:\| |- |- (?:`\w+`, )+)`(\w+)`", text, re.MULTILINE))
    described |= {code for line in text.splitlines() if line[:3] == "- `" for code in re.findall(r"`(\w+)`", line)}
    missing = {code: place for code, place in _codes() if code not in described}
    assert not missing, f"describe them in docs/reference/error_codes.yaml: {missing}"


def test_codes_are_found() -> None:
    """The search for codes sees classes, problems, diagnostics, findings and endings."""
    found = {code for code, _ in _codes()}
    assert {"run_not_found", "unknown_key", "node_locked", "never_acts", "node_failed", "bad_result"} <= found


def _codes() -> Iterator[tuple[str, str]]:
    for folder in ("src", "projections"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for value in _values(node):
                    code = value.value if isinstance(value, ast.Constant) else None
                    if isinstance(code, str) and _CODE.fullmatch(code) and code not in _NO_CODE:
                        yield code, f"{path.name}:{value.lineno}"


def _values(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=function, args=arguments, keywords=keywords):
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            yield from (keyword.value for keyword in keywords if keyword.arg == "code")
            if name in _CALLS:
                yield from arguments[:1]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "code")
        case ast.AnnAssign(target=ast.Name(id="code"), value=ast.expr() as value):
            yield value
        case ast.Assign(targets=[ast.Name(id="code")], value=value):
            yield value
        case _:
            return
