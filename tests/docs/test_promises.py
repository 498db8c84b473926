"""Each promise of the concepts page is held by tests that are there."""

import re

import pytest
from tests.docs.pages import ROOT

_PAGE = ROOT / "docs" / "concepts.md"
_LINK = re.compile(r"\]\(([^)#\s]+)\)")
_TEST = re.compile(r"^(?:async )?def test_|\.TestCase\b", re.MULTILINE)


def promises() -> dict[str, str]:
    """Return the cell with the tests of each promise."""
    section = _PAGE.read_text(encoding="utf-8").partition("## What is guaranteed")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {promise: tests for promise, tests in rows if promise != "promise"}


def test_there_are_promises() -> None:
    """The table is found, so that the check below is not silently empty."""
    assert len(promises()) >= 20


@pytest.mark.parametrize("promise", promises())
def test_promise_names_tests_that_are_there(promise: str) -> None:
    """A promise without a test, or with a link to a file that holds none, is only a claim."""
    links = _LINK.findall(promises()[promise])
    assert links
    for link in links:
        path = (_PAGE.parent / link).resolve()
        assert path.is_relative_to(ROOT / "tests"), link
        assert _TEST.search(path.read_text(encoding="utf-8")), f"{link} holds no test"
