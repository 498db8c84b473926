"""The chart of a run as a diagram in text, and as a table of what follows each event."""

from typing import Final, get_args

from scripts.reference.markdown import NONE, codes, table

from flexes.run.lifecycle import EVENT_NAMES, FINAL, Status, transitions

STATUSES: Final[tuple[Status, ...]] = get_args(Status)


def chart() -> str:
    """Return the chart as a state diagram; what leaves a status as it is stands in the table of events."""
    moves: dict[tuple[str, str], list[str]] = {}
    for (before, event), targets in transitions().items():
        for after in targets:
            if before != after:
                moves.setdefault((before, after), []).append(event)
    place: dict[str, int] = {status: index for index, status in enumerate(STATUSES)}
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {STATUSES[0]}: RunStarted"]
    for before, after in sorted(moves, key=lambda move: (place[move[0]], place[move[1]])):
        lines.append(f"    {before} --> {after}: {', '.join(moves[before, after])}")
    return "\n".join([*lines, *(f"    {status} --> [*]" for status in STATUSES if status in FINAL), "```"])


def moves() -> str:
    """Return, for each event and status, the statuses that may follow."""
    open_statuses = [status for status in STATUSES if status not in FINAL]
    rows: dict[tuple[str, ...], list[str]] = {}
    for event in EVENT_NAMES:
        row = tuple(_targets(status, event) for status in open_statuses)
        rows.setdefault(row, []).append(event)
    told = [(codes(events), *row) for row, events in rows.items()]
    return table(("event", *open_statuses), told)


def _targets(status: str, event: str) -> str:
    found = transitions().get((status, event), frozenset())
    if found == {status}:
        return "stays"
    return ", ".join(target if target != status else "stays" for target in STATUSES if target in found) or NONE
