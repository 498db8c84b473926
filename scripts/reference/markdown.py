"""The Markdown that generated parts are made of."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

NONE: Final = "·"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def json_block(document: Any) -> str:
    """Return a fenced block of JSON."""
    return f"```json\n{json.dumps(document, indent=2, ensure_ascii=False)}\n```"


def codes(names: Iterable[str]) -> str:
    """Return names as code, with commas between them."""
    return ", ".join(f"`{name}`" for name in names)


def flow(events: Iterable[str]) -> str:
    """Return what follows one another."""
    return " → ".join(events)


def chain(names: Iterable[str]) -> str:
    """Return names of falling rank."""
    return " > ".join(f"`{name}`" for name in names)
