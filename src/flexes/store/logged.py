"""Values that stay in the log: a snapshot names the event that wrote one, and it is read when somebody looks.

The outputs of a run are nearly all of its bytes. They are stored once, in the event that recorded them; a snapshot
that held them too would double the size of a run, and loading it would take as long as reading all of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from flexes.errors import UnreadableEvent
from flexes.ids import RunId
from flexes.run.events import HitlResolved, NodeCompleted, RunStarted
from flexes.run.persistent import FacetWrite
from flexes.store.codec import decode
from flexes.store.port import EventStore

_MAX_KEPT: Final = 256
_MAX_INLINE: Final = 32
"""Characters of text that a snapshot holds itself; a reference is not much shorter."""


class Log:
    """The facets that the events of one run wrote; those of the events read last are kept."""

    def __init__(self, store: EventStore, run_id: RunId) -> None:
        self._store = store
        self._run_id = run_id
        self._kept: dict[int, Mapping[str, Any]] = {}

    def facets(self, version: int) -> Mapping[str, Any]:
        """Return the facets that an event wrote.

        Raises:
            UnreadableEvent: It is not in the log, or it writes none.
            StoreUnavailable: The store was closed, or cannot be reached.
        """
        found = self._kept.get(version)
        if found is None:
            found = self._read(version)
            if len(self._kept) >= _MAX_KEPT:
                self._kept = {}
            self._kept[version] = found
        return found

    def _read(self, version: int) -> Mapping[str, Any]:
        rows = self._store.read(self._run_id, version - 1, version)
        match decode(rows[0]) if rows else None:
            case NodeCompleted(outputs=outputs):
                return outputs
            case HitlResolved(edits=edits):
                return edits
            case RunStarted(envelope=envelope):
                inputs: Mapping[str, Any] = envelope.get("inputs", {})
                return inputs
            case _:
                raise UnreadableEvent(f"run {self._run_id} version {version} wrote no facets; run `flexes verify`")


class LoggedFacet(NamedTuple):
    """Stands where the value of a write would: the facet, and the log that has all its values."""

    log: Log
    name: str


class LoggedWrite(FacetWrite):
    """A write of a facet whose value is read when it is looked at."""

    __slots__ = ()

    @property
    def value(self) -> Any:
        """The value, as the event that wrote it has it."""
        log, name = self[0]
        return log.facets(self.version)[name]

    def __eq__(self, other: object) -> bool:
        """Return whether the other is the same write of the same value."""
        return isinstance(other, FacetWrite) and self[1:] == other[1:] and self.value == other.value

    def __ne__(self, other: object) -> bool:
        """Return whether the other is another write."""
        return not self == other

    __hash__ = None  # type: ignore[assignment]


class LoggedOutputs(Mapping[str, Any]):
    """The outputs of an attempt, read when they are looked at."""

    __slots__ = ("_log", "_version")

    def __init__(self, log: Log, version: int) -> None:
        self._log = log
        self._version = version

    def __getitem__(self, name: str) -> Any:
        return self._log.facets(self._version)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._log.facets(self._version))

    def __len__(self) -> int:
        return len(self._log.facets(self._version))

    def __repr__(self) -> str:
        return repr(dict(self))


def stays_inline(value: Any) -> bool:
    """Return whether a value is so small that a snapshot holds it itself."""
    if isinstance(value, str):
        return len(value) <= _MAX_INLINE
    return value is None or isinstance(value, (bool, int, float))
