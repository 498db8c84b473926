"""Events as stored bytes, and back: plain JSON, names from the closed registry, each with its schema version.

Rules:
1. Run, version and type stand beside the bytes, not in them; defaults are left out, the schema version never is.
2. A type or a schema version that this release does not know is refused; nothing is imported by a name found in data.
3. Bytes that flexes wrote are trusted when folding: they were validated when they were written.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, get_args, get_origin

import orjson

from flexes.errors import UnreadableEvent
from flexes.ids import RunId
from flexes.run.events import EVENT_TYPES, Event
from flexes.store.port import NewEvent, Row
from flexes.store.upcasters import upcast

_BESIDE = {"run_id", "version"}


def encode(event: Event) -> NewEvent:
    """Return the event as it is stored."""
    fields = event.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_BESIDE)
    fields["schemaVersion"] = event.schema_version
    return NewEvent(RunId(event.run_id), event.version, event.kind, orjson.dumps(fields))


def decode(row: Row) -> Event:
    """Return a stored event, trusted as it is.

    Raises:
        UnreadableEvent: Its type or schema version is unknown, or it is not what that type stores.
    """
    kind = EVENT_TYPES.get(row.type)
    if kind is None:
        raise UnreadableEvent(
            f"run {row.run_id} version {row.version}: unknown event type {row.type!r}; upgrade flexes"
        )
    fields = upcast(row.type, _loaded(row), kind.model_fields["schema_version"].default)
    shape = _shape(kind)
    try:
        values = {}
        for key, value in fields.items():
            name, frozen = shape[key]
            values[name] = value if frozen is None else frozen(value)
    except KeyError as error:
        place = f"run {row.run_id} version {row.version}"
        raise UnreadableEvent(f"{place}: {row.type} has no field {error.args[0]!r}; upgrade flexes") from None
    missing = _required(kind) - values.keys()
    if missing:
        place = f"run {row.run_id} version {row.version}"
        raise UnreadableEvent(f"{place}: {row.type} lacks {', '.join(sorted(missing))}; run `flexes verify`")
    return kind.model_construct(run_id=row.run_id, version=row.version, **values)


def decode_all(rows: Iterable[Row]) -> Iterable[Event]:
    """Yield stored events, trusted as they are."""
    return (decode(row) for row in rows)


def event_document(event: Event) -> dict[str, Any]:
    """Return an event as one plain JSON document, as `flexes events` prints it."""
    fields = event.model_dump(mode="json", by_alias=True)
    return {"type": event.kind, **{key: value for key, value in fields.items() if value is not None}}


def _loaded(row: Row) -> dict[str, Any]:
    try:
        fields = orjson.loads(row.data)
    except orjson.JSONDecodeError as error:
        raise UnreadableEvent(
            f"run {row.run_id} version {row.version}: not JSON ({error}); run `flexes verify`"
        ) from None
    if not isinstance(fields, dict):
        raise UnreadableEvent(f"run {row.run_id} version {row.version}: not an object; run `flexes verify`")
    return fields


@cache
def _required(kind: type[Event]) -> frozenset[str]:
    return frozenset(name for name, field in kind.model_fields.items() if field.is_required()) - _BESIDE


@cache
def _shape(kind: type[Event]) -> Mapping[str, tuple[str, Callable[[Any], Any] | None]]:
    """Return, by stored key, a field's name and what makes it the sequence that a live event has."""
    return {field.alias or name: (name, _frozen(field.annotation)) for name, field in kind.model_fields.items()}


def _frozen(annotation: Any) -> Callable[[Any], Any] | None:
    if get_origin(annotation) is not tuple:
        return None
    return _pairs if get_origin(get_args(annotation)[0]) is tuple else tuple


def _pairs(value: Any) -> Any:
    return tuple(map(tuple, value))
