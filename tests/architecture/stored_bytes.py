"""The stored bytes of every event type and schema version that was ever released, one example a line.

`stored/TYPE.vN.jsonl` holds bytes as they were appended by real runs. A file is a promise to read what users have:
lines are only ever added, and only to a type's current version. `python -m tests.architecture.stored_bytes` adds what
the current shapes need and the scenarios show; write the rest by hand.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from flexes.ids import RunId
from flexes.run.events import EVENT_TYPES, Event
from flexes.store.layout import FOLLOWING
from flexes.store.port import Row

FOLDER: Final = Path(__file__).with_name("stored")
RUN_ID: Final = RunId("6a1f0e1c-0000-5000-8000-000000000001")
_FILE: Final = re.compile(r"([A-Za-z]+)\.v(\d+)")


class Example(NamedTuple):
    """The bytes of one stored event."""

    type: str
    version: int
    line: int
    data: bytes

    def __str__(self) -> str:
        """Return where it stands."""
        return f"{self.type}.v{self.version}:{self.line}"

    @property
    def row(self) -> Row:
        """The event as a store returns it; run and version stand beside the bytes."""
        return Row(1, RUN_ID, 1, self.type, self.data, bytes(32))

    @property
    def fields(self) -> dict[str, Any]:
        """The stored fields."""
        fields: dict[str, Any] = orjson.loads(self.data)
        return fields


def file_of(kind: type[Event]) -> Path:
    """Return the file of an event type's current schema version."""
    return FOLDER / f"{kind.kind}.v{kind.model_fields['schema_version'].default}.jsonl"


def examples() -> list[Example]:
    """Return every example of every version."""
    found = [(match, path) for path in sorted(FOLDER.glob("*.jsonl")) if (match := _FILE.fullmatch(path.stem))]
    return [
        Example(match[1], int(match[2]), number, line)
        for match, path in found
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
    ]


def stored_names(kind: type[Event], *, required: bool = False) -> set[str]:
    """Return the names under which a type's fields are stored; all, or those that are always there."""
    fields = {
        field.alias or name: field for name, field in kind.model_fields.items() if name not in ("run_id", "version")
    }
    following = {kind.model_fields[name].alias for of, name in FOLLOWING if of is kind}
    always = {name for name, field in fields.items() if field.is_required() and name not in following}
    return {*always, "schemaVersion"} if required else set(fields)


def current(kind: type[Event]) -> list[Example]:
    """Return the examples of a type's current version."""
    version = kind.model_fields["schema_version"].default
    return [found for found in examples() if (found.type, found.version) == (kind.kind, version)]


def unshown(kind: type[Event], shown: Iterable[Example]) -> set[tuple[str, bool]]:
    """Return the fields, each with whether it is present, that no example of the type's current version shows."""
    optional = stored_names(kind) - stored_names(kind, required=True)
    wanted = {(name, present) for name in optional for present in (True, False)}
    wanted |= {(name, True) for name in stored_names(kind, required=True)}
    return wanted - {(name, name in found.fields) for found in shown for name in stored_names(kind)}


def add_from_scenarios() -> None:
    """Add to each file the smallest events of the scenarios that show what it does not."""
    from tests.transcripts.library import SCENARIOS, told

    rows = sorted((row for name in SCENARIOS for row in told(name).rows), key=lambda row: (row.type, len(row.data)))
    for row in rows:
        kind, example = EVENT_TYPES[row.type], Example(row.type, 0, 0, row.data)
        shown = current(kind)
        if unshown(kind, shown) != unshown(kind, [*shown, example]):
            with file_of(kind).open("ab") as file:
                file.write(row.data + b"\n")


if __name__ == "__main__":
    add_from_scenarios()
    for event_type in EVENT_TYPES.values():
        for field, is_present in sorted(unshown(event_type, current(event_type))):
            print(f"{file_of(event_type).name}: no line {'with' if is_present else 'without'} {field}")
