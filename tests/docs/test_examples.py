"""What README and docs show is what happens: every file, command and fragment is run or validated."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from tests.docs.examples import Session, run_page
from tests.docs.pages import PAGES, blocks_of
from tests.docs.postgres import is_there, postgres_url
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
    with ExitStack() as stack:
        session = Session(tmp_path, warm, lambda: stack.enter_context(_postgres()))
        faults.extend(ran.fault for ran in run_page(page, session, faults.append) if ran.fault)
    assert not faults, "\n\n".join(faults)


@pytest.mark.parametrize("page", PAGES)
def test_block_that_is_not_run_says_why(page: str) -> None:
    """Only what cannot run in a test is left out."""
    assert all(len(block.not_run) > 10 for block in blocks_of(page) if block.not_run)


def _postgres() -> AbstractContextManager[str]:
    if not is_there():
        pytest.skip("no PostgreSQL server for this platform; all before the first block that needs one was checked")
    return postgres_url()
