"""Stored names are a storage format: what was ever written must stay readable (style rule 6, semantics 10)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.architecture.stored_bytes import (
    FOLDER,
    RUN_ID,
    Example,
    current,
    examples,
    file_of,
    stored_names,
    unshown,
)

from flexes.ids import RunId
from flexes.run.events import EVENT_TYPES, Event
from flexes.run.evolve import fold
from flexes.shell.verify import verify_run
from flexes.store.codec import decode, encode
from flexes.store.layout import FOLLOWING
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent
from flexes.view.show import show

REMEDY = (
    "what users have stored would be lost or read otherwise: only add fields that are empty when absent; for anything "
    "else raise the event's schema_version, write an upcaster, and add a file for the new version; never change a line"
)
RUNS = sorted(path.stem for path in (FOLDER / "runs").glob("*.jsonl"))

every_type = pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=EVENT_TYPES)
every_example = pytest.mark.parametrize("example", examples(), ids=str)
every_run = pytest.mark.parametrize("name", RUNS)


@every_example
def test_bytes_of_every_version_are_read(example: Example) -> None:
    """Bytes of every event type and version that was ever released are read as a valid event of the current shape."""
    assert example.type in EVENT_TYPES, f"{example.type} is gone: {REMEDY}"
    event = decode(example.row)
    assert set(type(event).model_fields) - set(event.__dict__) == set(), REMEDY
    assert type(event).model_validate(event.model_dump(by_alias=True, round_trip=True)) == event, REMEDY


@every_example
def test_bytes_of_the_current_version_are_written_again_alike(example: Example) -> None:
    """An event of the current version that is read and stored again is the same bytes: verification depends on it."""
    event = decode(example.row)
    if example.version == event.schema_version:
        assert encode(event) == NewEvent(RUN_ID, 1, example.type, example.data), REMEDY


@every_example
def test_an_example_says_the_version_of_its_file(example: Example) -> None:
    """A file holds the bytes of one schema version, and no line that another version wrote."""
    assert example.fields["schemaVersion"] == example.version


@every_type
def test_every_type_and_version_has_a_file(kind: type[Event]) -> None:
    """No event type is released without its stored bytes, and no earlier version's bytes are thrown away."""
    for version in range(1, kind.model_fields["schema_version"].default + 1):
        path = FOLDER / f"{kind.kind}.v{version}.jsonl"
        assert path.exists(), f"{path.name} is missing: run `python -m tests.architecture.stored_bytes`"


@every_type
def test_every_stored_field_is_shown(kind: type[Event]) -> None:
    """Each field stands in a line, and each optional one is left out of one: so a changed shape is seen."""
    missing = unshown(kind, current(kind))
    assert not missing, f"{file_of(kind).name}: {missing}; run `python -m tests.architecture.stored_bytes`; {REMEDY}"


@every_type
def test_what_is_absent_is_empty(kind: type[Event]) -> None:
    """A field that is not stored is null, empty or false, or follows: no default can change what earlier bytes mean."""
    optional = stored_names(kind) - stored_names(kind, required=True)
    defaults = {
        field.alias or name: field.get_default(call_default_factory=True) for name, field in kind.model_fields.items()
    }
    following = {kind.model_fields[name].alias for of, name in FOLLOWING if of is kind}
    assert [name for name in optional - following if defaults[name] not in (None, (), {}, False)] == []


def test_examples_are_of_files_with_a_type_and_a_version() -> None:
    """Nothing else lies in the folder, so that no file is skipped for its name."""
    assert [path.name for path in FOLDER.glob("*") if path.is_file()] == [
        path.name for path in FOLDER.glob("*") if re.fullmatch(r"[A-Za-z]+\.v\d+\.jsonl", path.name)
    ]


@every_run
def test_a_stored_run_is_true_and_means_the_same(name: str) -> None:
    """A whole run as it was stored, digests included, passes verification and folds to the state that it had."""
    store = MemoryStore()
    lines = list(_lines(FOLDER / "runs" / f"{name}.jsonl"))
    run_id = RunId(lines[0]["run"])
    events = enumerate((NewEvent(run_id, 0, line["type"], line["data"].encode()) for line in lines), start=1)
    store.append([event._replace(version=version) for version, event in events])
    rows = store.read(run_id)
    assert [row.digest.hex() for row in rows] == [line["digest"] for line in lines]
    assert verify_run(store, run_id).findings == ()
    state = fold(map(decode, rows))
    assert state is not None
    then = orjson.loads((FOLDER / "runs" / f"{name}.json").read_bytes())
    assert _differences(show(state), then) == []


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    yield from map(orjson.loads, path.read_bytes().splitlines())


def _differences(now: Any, then: Any, at: str = "") -> list[str]:
    """Return where a document lacks or changes what an earlier one had; it may say more."""
    if isinstance(now, dict) and isinstance(then, dict):
        return [found for key in then for found in _differences(now.get(key), then[key], f"{at}/{key}")]
    return [] if now == then else [f"{at}: {then!r} became {now!r}"]
