"""Snapshots: the folded state as bytes, derived and disposable.

Rules:
1. A snapshot carries the schema version of the state and a checksum; one of another release or of a broken disk is
   ignored. It never needs an upcaster.
2. Its parts lie side by side, and each is read when somebody looks at it: loading takes no longer for a longer run.
3. What the log has anyway, the values of facets, a snapshot does not hold: it names the event that wrote them.

Bytes: the checksum and the length of the header (4 each, big-endian), the header, the parts one after the other. The
header is JSON: the small fields, and the name, the length and whether it is compressed of each part.
"""

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, Final
from zlib import compress, crc32, decompress

import orjson

from flexes.run.collector import resting_collector
from flexes.run.state import FIELDS, State
from flexes.store.logged import Log
from flexes.store.parts import PARTS, packed, unpacked
from flexes.store.port import EventStore, Snapshot

STATE_SCHEMA: Final = 3
"""Version of the state's shape and of these bytes; raise it whenever State or one of its parts changes."""

_COMPRESSED: Final = 1_000
"""Parts of so many bytes are compressed."""

_SMALL: Final = frozenset(FIELDS).difference(PARTS)


def snapshot_of(state: State) -> Snapshot:
    """Return the state as a snapshot; the events up to it are in the log."""
    with resting_collector():
        parts = {name: data for name in PARTS if (data := _packed(state, name)) is not None}
    header = {
        "fields": {name: getattr(state, name) for name in sorted(_SMALL)},
        "parts": [[name, len(data), is_compressed] for name, (data, is_compressed) in parts.items()],
    }
    head = orjson.dumps(header)
    body = b"".join((len(head).to_bytes(4, "big"), head, *(data for data, _ in parts.values())))
    return Snapshot(state.run_id, state.version, STATE_SCHEMA, crc32(body).to_bytes(4, "big") + body)


def restored(snapshot: Snapshot, store: EventStore) -> State | None:
    """Return the state, or None where another release, or a broken disk, wrote the snapshot.

    Args:
        snapshot: A snapshot of a run.
        store: Where the run's events are; values of facets are read from it when they are looked at.
    """
    data = memoryview(snapshot.data)
    if snapshot.schema != STATE_SCHEMA or len(data) < 8 or crc32(data[4:]).to_bytes(4, "big") != data[:4]:
        return None
    start = 8 + int.from_bytes(data[4:8], "big")
    header = orjson.loads(data[8:start])
    log = Log(store, snapshot.run_id)
    parts: dict[str, UnreadPart] = {}
    for name, length, is_compressed in header["parts"]:
        parts[name] = UnreadPart(name, bytes(data[start : start + length]), is_compressed, log)
        start += length
    absent = {name: _default(name) for name in PARTS if name not in parts}
    state = object.__new__(RestoredState)
    vars(state).update(header["fields"], **absent, unread=parts)
    return state


class UnreadPart:
    """A part of a restored state, made of its bytes when it is first looked at; all later states share it."""

    __slots__ = ("_found", "_log", "_name", "data", "is_compressed")

    def __init__(self, name: str, data: bytes, is_compressed: bool, log: Log) -> None:
        self.data = data
        self.is_compressed = is_compressed
        self._name = name
        self._log = log
        self._found: Any = None

    def __call__(self) -> Any:
        """Return the field of the state."""
        if self._found is None:
            with resting_collector():
                document = orjson.loads(decompress(self.data) if self.is_compressed else self.data)
                self._found = unpacked(self._name, document, self._log)
        return self._found


def _packed(state: State, name: str) -> tuple[bytes, bool] | None:
    """Return a part as bytes and whether they are compressed; None for one that is as it was at first."""
    unread: Mapping[str, UnreadPart] = state.__dict__.get("unread", {})
    if name in unread and name not in state.__dict__:
        return unread[name].data, unread[name].is_compressed
    value = getattr(state, name)
    if value is None or value == _default(name):
        return None
    data = orjson.dumps(packed(name, value), default=list)
    return (data, False) if len(data) < _COMPRESSED else (compress(data, 1), True)


def _default(name: str) -> Any:
    return getattr(State, name, None)


def _read(name: str, state: State) -> Any:
    return vars(state)["unread"][name]()


RestoredState: Final[type[State]] = type(
    "RestoredState", (State,), {name: cached_property(partial(_read, name)) for name in PARTS}
)
"""A state whose parts, under `unread` beside its fields, are read when they are first looked at."""
