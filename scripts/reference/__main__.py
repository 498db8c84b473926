"""Writes what is generated into docs/, or says what is stale: `python -m scripts.reference [--check]`."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from scripts.reference import pages, parts
from scripts.reference.drawing import drawn

_ROOT: Final = Path(__file__).resolve().parents[2]
_DOCS: Final = _ROOT / "docs"


def main(arguments: Sequence[str]) -> int:
    """Write what is stale, or say it; return 1 if something is."""
    is_stale = 0
    for path, fresh in _generated():
        if path.exists() and path.read_text(encoding="utf-8") == fresh:
            continue
        name = path.relative_to(_ROOT)
        if "--check" in arguments:
            is_stale = 1
            print(f"{name} is stale; run python -m scripts.reference", file=sys.stderr)
        else:
            path.write_text(fresh, encoding="utf-8")
            print(f"wrote {name}")
    return is_stale


def _generated() -> Iterator[tuple[Path, str]]:
    """Yield every file with generated content, and what it is to hold."""
    yield _DOCS / "lifecycle.svg", drawn()
    for name in parts.PAGES:
        yield _DOCS / name, parts.rewritten((_DOCS / name).read_text(encoding="utf-8"))
    for name in pages.PAGES:
        yield _DOCS / "reference" / name, pages.made(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
