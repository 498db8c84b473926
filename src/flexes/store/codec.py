"""Events as stored bytes, and back: plain JSON, names from the closed registry, each with its schema version.

Rules:
1. Run, version and type stand beside the bytes, not in them. Defaults, and what follows from the other fields, are
   left out; the schema version never is. Outcomes of directives are in groups.
2. A type or a schema version that this release does not know is refused; nothing is imported by a name found in data.
3. Bytes that flexes wrote are trusted when folding: they were validated when they were written.
4. A store may hold them compressed, see `compression`; they are read alike.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from pydantic_core import to_jsonable_python

from flexes.errors import UnreadableEvent
from flexes.run.events import EVENT_TYPES, Event
from flexes.run.trusted import trusted
from flexes.store.compression import decompress
from flexes.store.layout import Misfit, layout, written
from flexes.store.port import NewEvent, Row
from flexes.store.upcasters import upcast

_STORED: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_CURRENT: Final[Mapping[str, int]] = {
    name: kind.model_fields["schema_version"].default for name, kind in EVENT_TYPES.items()
}


def encode(event: Event) -> NewEvent:
    """Return the event as it is stored."""
    values = event.__dict__
    keys, required, formed, following, optional = written(type(event))
    fields = dict(zip(keys, required(values), strict=True))
    for key, stored in formed:
        fields[key] = stored(fields[key])
    for name, key, follows in following:
        if values[name] != follows(values):
            fields[key] = values[name]
    for name, key, default in optional:
        value = values[name]
        if value != default:
            fields[key] = value
    fields["schemaVersion"] = values["schema_version"]
    data = orjson.dumps(fields, default=to_jsonable_python, option=_STORED)
    return NewEvent(values["run_id"], values["version"], event.kind, data)


def decode(row: Row) -> Event:
    """Return a stored event, trusted as it is.

    Raises:
        UnreadableEvent: Its type or schema version is unknown, or it is not what that type stores.
    """
    kind = EVENT_TYPES.get(row.type)
    if kind is None:
        raise UnreadableEvent(f"{_place(row)}: unknown event type {row.type!r}; upgrade flexes")
    fields = _loaded(row)
    stored, current = fields.get("schemaVersion"), _CURRENT[row.type]
    if stored != current or type(stored) is not int:
        fields = upcast(row.type, fields, current)
    try:
        names, blank, made, read, given = layout(kind, tuple(fields))
    except Misfit as error:
        raise UnreadableEvent(f"{_place(row)}: {row.type} {error}") from None
    values = blank.copy()
    values["run_id"], values["version"] = row.run_id, row.version
    for name, value in zip(names, fields.values(), strict=False):  # takes half the time of an update with the pairs
        values[name] = value
    for name, value_of in read:
        values[name] = value_of(values[name])
    for name, make in made:
        values[name] = make(values)
    return trusted(kind, values, given)


def decode_all(rows: Iterable[Row]) -> Iterable[Event]:
    """Yield stored events, trusted as they are."""
    return (decode(row) for row in rows)


def event_document(event: Event) -> dict[str, Any]:
    """Return an event as one plain JSON document, as `flexes events` prints it."""
    fields = event.model_dump(mode="json", by_alias=True)
    return {"type": event.kind, **{key: value for key, value in fields.items() if value is not None}}


def _loaded(row: Row) -> dict[str, Any]:
    try:
        fields = orjson.loads(decompress(row.data))
    except ValueError as error:
        raise UnreadableEvent(f"{_place(row)}: not JSON ({error}); run `flexes verify`") from None
    if not isinstance(fields, dict):
        raise UnreadableEvent(f"{_place(row)}: not an object; run `flexes verify`")
    return fields


def _place(row: Row) -> str:
    return f"run {row.run_id} version {row.version}"
