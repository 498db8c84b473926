"""Generated parts of pages that people write: between `<!-- generated: NAME -->` and `<!-- end -->`.

What a part says comes from the code, from the golden runs of tests/transcripts, or from runs that are made here to see
what happens. Typed by hand are only the meanings of options, outcomes and rails; the tests see that none is missing.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from scripts.reference import action_tables as tables
from scripts.reference.action_shapes import shape
from scripts.reference.commands_tried import commands
from scripts.reference.golden import frames
from scripts.reference.moves import chart, moves
from scripts.reference.switched_off import flags, legacy_actions, legacy_fields

from flexes.policy.actions import ACTION_TYPES

PAGES: Final = ("actions.md", "lifecycle.md")
"""The pages of docs/ that have such parts."""

PARTS: Final[Mapping[str, Callable[[], str]]] = {
    **{f"shape {kind}": partial(shape, kind) for kind in ACTION_TYPES},
    **{f"frames {kind}": partial(frames, kind) for kind in ACTION_TYPES},
    "effects": tables.effects,
    "nestings": tables.nestings,
    "situations": tables.situations,
    "sequences": tables.sequences,
    "ways back": tables.ways_back,
    "order": tables.order,
    "guard rails": tables.rails,
    "outcomes": tables.outcomes,
    "flags": flags,
    "legacy actions": legacy_actions,
    "legacy fields": legacy_fields,
    "chart": chart,
    "moves": moves,
    "commands": commands,
}

_PART: Final = re.compile(r"(<!-- generated: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rewritten(page: str) -> str:
    """Return a page with its generated parts made anew."""
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", page)
