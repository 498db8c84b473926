"""From stored rows to the state of a run. Stored bytes are trusted; what makes no sense was changed by someone."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

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
    with trusting(run_id):
        return fold(decode_all(rows), state)


@contextmanager
def trusting(run_id: RunId) -> Iterator[None]:
    """Work on stored events that nobody checks on the way in.

    Raises:
        UnreadableEvent: The block raised something that flexes itself does not.
    """
    try:
        yield
    except FlexesError:
        raise
    except Exception as error:  # bytes that were tampered with may raise anything
        kind = type(error).__name__
        message = f"run {run_id}: its stored events make no sense ({kind}); run `flexes verify {run_id}`"
        raise UnreadableEvent(message) from error
