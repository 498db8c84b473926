"""Driving a run from the command line: frames as they happen, a report at rest, and a clean stop on Ctrl-C."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from flexes.cli.failures import INTERRUPTED, silence
from flexes.cli.opening import load_app
from flexes.cli.output import ReaderGone, emit_json, one_line, say
from flexes.cli.standing import status_code, tell_report

if TYPE_CHECKING:
    from flexes.ids import RunId
    from flexes.run.state import State
    from flexes.shell.facade import Flexes
    from flexes.shell.feed import RunFeed
    from flexes.shell.ledger import Committed
    from flexes.view.frame import Frame

_GRACE_S: Final = 1.0
"""How long what is left in the loop may take to stop."""


def in_loop(work: Coroutine[Any, Any, int]) -> int:
    """Run the work of a command in an event loop of its own and return its exit status.

    The process ends at once if a capability goes on in spite of being cancelled, which nothing else could end.
    """
    import asyncio

    with asyncio.Runner() as runner:
        status = runner.run(work)
        if not runner.run(_all_stopped()):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        return status


async def _all_stopped() -> bool:
    """Cancel what is left in the loop and return whether all of it stopped in time."""
    import asyncio

    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    return not left or not (await asyncio.wait(left, timeout=_GRACE_S))[1]


@asynccontextmanager
async def opened(store_url: str, app: str | None) -> "AsyncIterator[Flexes]":
    """Open the store with the registry of an app, or with none.

    Once interrupted, the process ends as soon as the store is closed: what a capability still does in a thread, or
    in spite of being cancelled, would hold it up for ever, and is invoked again by the next driver.
    """
    from asyncio import CancelledError

    from flexes.shell.facade import Flexes

    registry = load_app(app) if app is not None else None
    try:
        async with Flexes.open(store_url, registry=registry) as flexes:
            yield flexes
    except CancelledError:
        sys.stderr.flush()
        os._exit(INTERRUPTED)


async def drive(flexes: "Flexes", run_id: str, progress: "Progress") -> None:
    """Drive until the run ends or rests, showing what happens."""
    from asyncio import CancelledError

    flexes.ledger.observers.append(progress.observe)
    try:
        await flexes.drive(run_id)
    except CancelledError:
        sys.stderr.write(f"\ninterrupted; nothing is lost. Go on with: flexes resume {run_id}\n")
        raise
    finally:
        flexes.ledger.observers.remove(progress.observe)
        progress.show()


class Progress:
    """Shows each frame once, in order, whoever wrote it; falls silent when nobody reads any more."""

    def __init__(self, feed: "RunFeed", run_id: str, *, as_json: bool) -> None:
        self._feed = feed
        self._run_id = run_id
        self._as_json = as_json
        self._silent = False

    def observe(self, committed: "Committed") -> None:
        """See a commit of this process."""
        if committed.after.run_id == self._run_id:
            self.show()

    def show(self) -> None:
        """Show what is new."""
        for frame in self._feed.take():
            self.tell(partial(self._show_frame, frame))

    def report(self, state: "State") -> int:
        """Show where the run stands and return the exit status that says so."""
        self.tell(lambda: tell_report(state, as_json=self._as_json))
        return status_code(state.status)

    def tell(self, teller: Callable[[], None]) -> None:
        """Say something, if anybody reads."""
        if self._silent:
            return
        try:
            teller()
        except ReaderGone:
            self._silent = True
            silence(sys.stdout)

    def _show_frame(self, frame: "Frame") -> None:
        if self._as_json:
            emit_json(frame.wire())
        else:
            say(frame_line(frame))


def new_progress(flexes: "Flexes", run_id: "RunId", version: int, *, as_json: bool) -> Progress:
    """Return the progress of a run after a version of it."""
    from flexes.shell.feed import RunFeed

    return Progress(RunFeed(flexes.store, run_id, version), run_id, as_json=as_json)


def frame_line(frame: "Frame") -> str:
    """Return a frame as one short line."""
    return f"{frame.timestamp[11:23]}  {frame.type:<17} {one_line(frame.message or '')}".rstrip()
