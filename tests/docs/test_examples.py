"""What README and docs show is what happens: every file, command and fragment is run or validated."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.examples import run_page
from tests.docs.pages import PAGES, blocks_of
from tests.docs.warm import Warm


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    """Return a process that has flexes loaded."""
    process = Warm()
    yield process
    process.close()


@pytest.mark.parametrize("page", PAGES)
def test_page_shows_what_happens(page: str, warm: Warm, tmp_path: Path) -> None:
    """Every code block and command in README and docs is executed, and its shown output is checked."""
    faults: list[str] = []
    faults.extend(ran.fault for ran in run_page(page, tmp_path, warm, faults.append) if ran.fault)
    assert not faults, "\n\n".join(faults)


@pytest.mark.parametrize("page", PAGES)
def test_block_that_is_not_run_says_why(page: str) -> None:
    """Only what cannot run in a test is left out."""
    assert all(len(block.not_run) > 10 for block in blocks_of(page) if block.not_run)
