"""The projections package, found by its entry points: flexes offers what it does, needs none of it, never imports it.

| entry | is called with | gives |
|---|---|---|
| `rebuild` | store URL, names; `every`, `as_json`, `run` (only one), `compare` (change nothing), `workers` | status |
| `audit` | the store, its URL, an `AuditFilter` | pages of matching rows: `upto` (up to which position), `rows` |

Both also take `projections_url`, None for projections that are in the store.
"""

from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "flexes.projections"

Elsewhere = Annotated[
    str | None,
    typer.Option(
        "--projections", envvar="FLEXES_PROJECTIONS", metavar="URL", help="Where projections are, if not in the store."
    ),
]


def offered(name: str) -> "EntryPoint | None":
    """Return the entry of this name, not yet loaded; None if nothing that is installed offers it."""
    from importlib.metadata import entry_points

    return next((entry for entry in entry_points(group=GROUP) if entry.name == name), None)
