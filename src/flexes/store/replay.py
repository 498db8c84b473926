"""From stored rows to the state of a run. Stored bytes are trusted; what cannot be folded was changed by someone."""

from collections.abc import Iterable

from flexes.errors import FlexesError, UnreadableEvent
from flexes.ids import RunId
from flexes.run.evolve import fold
from flexes.run.state import State
from flexes.store.codec import decode_all
from flexes.store.port import Row


def replayed(run_id: RunId, rows: Iterable[Row], state: State | None = None) -> State | None:
    """Return the run after these rows, from a state or from nothing.

    Raises:
        UnreadableEvent: A row is not what flexes stored.
    """
    try:
        return fold(decode_all(rows), state)
    except FlexesError:
        raise
    except Exception as error:  # bytes that nobody checks on the way in may raise anything
        raise unreadable(run_id, error) from error


def unreadable(run_id: RunId, error: Exception) -> UnreadableEvent:
    """Return what to say where folding the events of a run raised something."""
    kind = type(error).__name__
    return UnreadableEvent(f"run {run_id}: its stored events make no sense ({kind}); run `flexes verify {run_id}`")
