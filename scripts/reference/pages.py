"""Pages that are made as a whole, from docstrings, models, the app of the command line and the tree of errors."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from scripts.reference.api_page import api
from scripts.reference.cli_page import cli
from scripts.reference.errors_page import errors
from scripts.reference.events_page import events
from scripts.reference.frames_page import frames

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "cli.md": cli,
    "api.md": api,
    "events.md": events,
    "frames.md": frames,
    "errors.md": errors,
}
"""The pages of docs/reference."""

_NOTE: Final = "<!-- made by scripts/reference; change that, or the code -->"
_SOURCE: Final = re.compile(r" \((?:semantics|interfaces|issue|story|stories) [^)]*\)")


def made(name: str) -> str:
    """Return a page as it is to stand in its file."""
    title, _, rest = _SOURCE.sub("", PAGES[name]()).partition("\n\n")
    return f"{title}\n\n{_NOTE}\n\n{rest}"
