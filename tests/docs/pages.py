"""Documentation pages as lists of code blocks, with what a page says about each.

1. A block whose first line is a comment with a file name (`# app.py`), or with `title="name"`, is that file.
2. In a `console` block, `$ ` begins a command; what follows up to the next one is its output.
3. `<!-- not run: why -->` before a block: it is not run. `<!-- exit 1 -->`: its last command ends with that status.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
SHELLS: Final = ("console", "bash", "sh", "shell")
PAGES: Final = tuple(sorted(str(path.relative_to(ROOT)) for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]))

_FENCE: Final = re.compile(r"( *)(```+)\s*([\w-]*)([^`]*)")
_MARK: Final = re.compile(r"\s*<!-- (not run: .+|exit \d+) -->\s*")
_NAMED: Final = re.compile(r"# ([\w./-]+\.\w+)")
_TITLED: Final = re.compile(r'title="([^"]+)"')


class Block(NamedTuple):
    """A fenced block of a page.

    Attributes:
        line: Line of the fence in the page, from 1.
        first, last: Lines of the text, from 0, as a slice of the page's lines.
        not_run: Why it is not run; empty if it is.
        status: The exit status of its last command.
    """

    page: str
    line: int
    first: int
    last: int
    language: str
    text: str
    file: str | None
    not_run: str
    status: int


class Command(NamedTuple):
    """A command of a console block and the output that the page shows."""

    line: str
    shown: str
    status: int


def blocks_of(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    marks: list[str] = []
    number = 0
    while number < len(lines):
        mark, fence = _MARK.fullmatch(lines[number]), _FENCE.fullmatch(lines[number])
        if mark:
            marks.append(mark[1])
        elif fence:
            indent, ticks = len(fence[1]), fence[2]
            last = next(at for at in range(number + 1, len(lines)) if lines[at].strip() == ticks)
            yield _block(page, number, last, fence, [line[indent:] for line in lines[number + 1 : last]], marks)
            marks, number = [], last
        elif lines[number].strip():
            marks = []
        number += 1


def commands_of(block: Block) -> tuple[Command, ...]:
    """Return the commands of a console block; a backslash at the end of a line goes on with the next."""
    if block.language not in SHELLS:
        return ()
    found: list[list[str]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append([line[2:]])
        elif found and found[-1][0].endswith("\\") and len(found[-1]) == 1:
            found[-1][0] = found[-1][0][:-1] + line.removeprefix("> ").strip()
        elif found:
            found[-1].append(line)
    statuses = [block.status if lines is found[-1] else 0 for lines in found]
    return tuple(
        Command(_without_comment(lines[0]), "\n".join(lines[1:]), status)
        for lines, status in zip(found, statuses, strict=True)
    )


def _block(page: str, number: int, last: int, fence: re.Match[str], text: list[str], marks: list[str]) -> Block:
    named = _NAMED.fullmatch(text[0].strip()) if text else None
    titled = _TITLED.search(fence[4])
    not_run = next((mark.removeprefix("not run: ") for mark in marks if mark.startswith("not run")), "")
    status = next((int(mark.removeprefix("exit ")) for mark in marks if mark.startswith("exit")), 0)
    file = titled[1] if titled else named[1] if named else None
    return Block(page, number + 1, number + 1, last, fence[3], "\n".join(text) + "\n", file, not_run, status)


def _without_comment(line: str) -> str:
    return re.split(r"\s{2,}# ", line, maxsplit=1)[0].strip()
