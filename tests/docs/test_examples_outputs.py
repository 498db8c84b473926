"""The comparison of outputs lets pass what differs from run to run, and nothing else; links lead somewhere."""

import re

import pytest
from tests.docs.outputs import agrees, run_named_in
from tests.docs.pages import PAGES, ROOT, blocks_of, commands_of

ONE = "8a4a0d1b-8c45-4f85-9d2e-4ad4ee1c3c13"
OTHER = "1a4a0d1b-8c45-4f85-9d2e-4ad4ee1c3c14"
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[\w-]*)?\)")


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (f"run {ONE}: ok", f"run {OTHER}: ok"),
        ("03:34:52.244  start", "23:00:00.001  start"),
        ("at 2026-11-22T03:34:52Z", "at 2027-01-01T00:00:00.123456Z"),
        ("a   b\n ─────\n\n\n c", "a b\n ───\n c\n"),
        ("one\n...\nfive", "one\ntwo\nthree\nfive\n"),
        ("the last words …", "the last words are left out\n"),
        ("in 0.0 s, 993 events/s", "in 1.25 s, 12,000 events/s"),
    ],
)
def test_what_differs_by_nature_agrees(shown: str, printed: str) -> None:
    """Ids, instants, durations and widths differ from run to run."""
    assert agrees(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("cost 0.5", "cost 0.6"),
        ("version 2", "version 3"),
        ("one\ntwo", "one\n"),
        ("one\n", "one\ntwo\n"),
        (f"run {ONE}: ok", f"run {OTHER}: broken"),
        ("one\n...\nfive", "one\ntwo\n"),
        ("1 matched, 2 skipped", "2 matched, 1 skipped"),
    ],
)
def test_what_does_not_differ_by_nature_is_compared(shown: str, printed: str) -> None:
    """Numbers, words and the count of lines are what a page promises."""
    assert not agrees(shown, printed)


def test_run_is_named() -> None:
    """RUN on a page is the run that the output above it named first."""
    assert run_named_in(f"run {ONE}: completed\nrun {OTHER}: failed") == ONE
    assert run_named_in("nothing here") is None


def test_pages_have_examples() -> None:
    """The pages that teach are not silently without commands."""
    for page in ("README.md", "docs/start.md", "docs/policies.md", "docs/scenarios.md", "docs/operating.md"):
        run = [command for block in blocks_of(page) if not block.not_run for command in commands_of(block)]
        assert len(run) >= 3, page


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """A relative link leads to a file of the repository, also where no site is built."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = [target for target in _LINK.findall(text) if not ((ROOT / page).parent / target).exists()]
    assert not broken
