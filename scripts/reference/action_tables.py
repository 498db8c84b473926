"""What actions come to: events, frames, nesting, and every cell of action, situation and source."""

from typing import Any, get_args

from scripts.reference.action_shapes import absent, type_in_words
from scripts.reference.golden import frame_types, reason
from scripts.reference.markdown import NONE, chain, codes, flow, table
from scripts.reference.meanings import FULL, OUTCOMES, RAILS

from flexes.policy import actions as act
from flexes.policy.authored import GuardRails
from flexes.policy.normalize import CLASSES, SEVERITY
from flexes.run.action_table import SITUATIONS, SOURCES, Cell, cells, effect
from flexes.run.guards import Outcome


def effects() -> str:
    """Return what each action records and sends."""
    rows = [(f"`{kind}`", codes(effect(kind)), codes(frame_types(kind))) for kind in act.ACTION_TYPES]
    return table(("action", "events", "frames"), rows)


def nestings() -> str:
    """Return where actions nest."""
    rows = [
        (f"`{kind}`", codes(key for key, _ in act.nested(FULL[kind])) or NONE)
        for kind in act.ACTION_TYPES
    ]  # fmt: skip
    return table(("action", "actions inside"), rows)


def situations() -> str:
    """Return what becomes of each action, one table a source."""
    found = {(cell.source, cell.action, cell.situation): cell for cell in cells()}
    parts = []
    for source in SOURCES:
        rows = [
            (f"`{kind}`", *(_becomes(found[source, kind, situation]) for situation in SITUATIONS))
            for kind in act.ACTION_TYPES
        ]
        barred = [cell for cell in cells() if cell.source == source and cell.becomes == "cannot_occur"]
        refused = sorted({cell.code for cell in barred if cell.code})
        note = ["", f"Where it cannot occur, an attempt is refused with {codes(refused)}."] if refused else []
        parts.append("\n".join([f"**Source `{source}`**", "", table(("action", *SITUATIONS), rows), *note]))
    return "\n\n".join(parts)


def sequences() -> str:
    """Return the events of each cell, equal ones told once."""
    told: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells():
        if cell.events:
            told.setdefault((cell.source, cell.action, cell.becomes, cell.events, cell.later), []).append(cell)
    parts = []
    for source in SOURCES:
        rows = [
            (f"`{action}`", ", ".join(found.situation for found in group), flow(events), flow(later) or NONE)
            for (whose, action, _, events, later), group in told.items()
            if whose == source
        ]
        head = ("action", "situation", "this commit", "later, in the commit that returns the run to running")
        parts.append("\n".join([f"**Source `{source}`**", "", table(head, rows)]))
    return "\n\n".join(parts)


def ways_back() -> str:
    """Return which facts empty the inbox."""
    until = {cell.situation: cell.until for cell in cells() if cell.until}
    return table(("while", "until"), [(f"`{key}`", codes(found)) for key, found in until.items()])


def order() -> str:
    """Return the total order of directives on one signal."""
    return "\n".join([f"1. severity: {chain(SEVERITY)}", f"2. class: {chain(CLASSES)}", "3. declaration"])


def rails() -> str:
    """Return the guard rails and their defaults."""
    fields = GuardRails.model_json_schema(by_alias=True)["properties"]
    rows = [(f"`{key}`", absent(field["default"]), type_in_words(field), RAILS[key]) for key, field in fields.items()]
    return table(("`policies.guardRails`", "default", "value", "caps"), rows)


def outcomes() -> str:
    """Return every outcome with what it means and a reason from a golden run."""
    rows = [(f"`{outcome}`", OUTCOMES[outcome][0], reason(outcome)) for outcome in get_args(Outcome)]
    return table(("outcome", "means", "a reason, as recorded"), rows)


def _becomes(cell: Cell) -> str:
    match cell.becomes:
        case "acts":
            return "acts"
        case "waits":
            return "waits" if cell.outcome == "matched" else f"waits, {cell.outcome}"
        case "refused":
            return f"`{cell.code}`"
        case _:
            return "cannot occur"
