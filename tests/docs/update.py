"""Write what commands print into the pages: `python -m tests.docs.update docs/start.md ...`.

Only outputs that do not agree are replaced; those with `...` or `…` are left to their author, and named.
"""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.docs.examples import Ran, Session, run_page
from tests.docs.pages import ROOT
from tests.docs.postgres import postgres_url
from tests.docs.warm import Warm


def update(page: str, warm: Warm) -> None:
    """Run a page and replace the outputs that do not agree."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        session = Session(Path(folder), warm, lambda: stack.enter_context(postgres_url()))
        ran = list(run_page(page, session, _complain))
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    for block in reversed(list(dict.fromkeys(each.block for each in ran))):
        commands = [each for each in ran if each.block == block]
        if all(not each.fault and (each.command.shown.strip() or not each.printed.strip()) for each in commands):
            continue
        lines[block.first : block.last] = _rewritten(lines[block.first : block.last], commands)
    (ROOT / page).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _complain(fault: str) -> None:
    print(fault, file=sys.stderr)


def _rewritten(lines: list[str], commands: list[Ran]) -> list[str]:
    written: list[str] = []
    pending = list(commands)
    keeps = False
    for line in lines:
        if line.startswith("$ "):
            each = pending.pop(0)
            keeps = "..." in each.command.shown or "…" in each.command.shown
            if each.fault:
                print(f"{each.block.page}:{each.block.line}: {each.fault}", file=sys.stderr)
            written.append(line)
            if not keeps and not line.endswith("\\"):
                written.extend(_tidy(each.printed))
        elif keeps or (written[-1:] and written[-1].endswith("\\")):
            written.append(line)
    return written


def _tidy(printed: str) -> list[str]:
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    return [line for place, line in enumerate(lines) if line or lines[place - 1]]


if __name__ == "__main__":
    process = Warm()
    for name in sys.argv[1:]:
        update(name, process)
    process.close()
