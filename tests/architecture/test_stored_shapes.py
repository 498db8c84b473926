"""Stored names are a storage format: what was ever written must stay readable (style rule 6, semantics 10)."""

import json
from pathlib import Path
from typing import Any

import pytest

from flexes.run.events import EVENT_TYPES, Event

GOLDEN = Path(__file__).with_name("stored_shapes.json")
REMEDY = (
    "a stored shape changed: only add fields with a default; for anything else raise the event's schema_version, write "
    "an upcaster with a golden file, and then run `python tests/architecture/test_stored_shapes.py`"
)


def shape_of(event: type[Event]) -> dict[str, Any]:
    """Return what an event's stored form consists of: its version, and each field with whether it may be absent."""
    fields = {
        field.alias or name: "optional" if not field.is_required() else "required"
        for name, field in event.model_fields.items()
        if name not in ("run_id", "version")
    }
    return {"schemaVersion": event.model_fields["schema_version"].default, "fields": fields}


def shapes() -> dict[str, Any]:
    """Return the stored shape of every event type."""
    return {name: shape_of(event) for name, event in sorted(EVENT_TYPES.items())}


def golden() -> dict[str, Any]:
    """Return the shapes as they were frozen."""
    frozen: dict[str, Any] = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    return frozen


@pytest.mark.parametrize("name", golden())
def test_a_stored_event_type_stays_readable(name: str) -> None:
    """No event type goes, none loses or renames a field, none gets a field that old events lack, without a new schema
    version.
    """
    assert name in EVENT_TYPES, f"{name} is gone: {REMEDY}"
    before, now = golden()[name], shape_of(EVENT_TYPES[name])
    if now["schemaVersion"] > before["schemaVersion"]:
        return
    assert set(before["fields"]) <= set(now["fields"]), REMEDY
    for field, kind in now["fields"].items():
        assert kind == "optional" or before["fields"].get(field) == "required", f"{name}.{field}: {REMEDY}"


def test_the_frozen_shapes_are_complete() -> None:
    """The frozen file names every type and field that is stored today, so that the next change is seen."""
    assert golden() == shapes(), "freeze the new shapes: python tests/architecture/test_stored_shapes.py"


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(shapes(), indent=1) + "\n")
