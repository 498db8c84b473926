"""Running plain functions beside the event loop, in threads that never keep the process from ending.

A thread cannot be stopped. So a function that hangs past its timeout is left behind: nobody waits for it any more, not
the event loop when it closes and not the interpreter when it exits, as both would with the loop's own pool.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import Any, Final
from weakref import WeakKeyDictionary

MAX_THREADS: Final = 32
"""Functions that run at once in one event loop, those that were left behind not counted; the others wait their turn."""


async def in_thread(function: Callable[[Any], Any], argument: Any) -> Any:
    """Return what the function returns, or raise what it raises; cancelled, leave it to itself."""
    turns = _turns.setdefault(asyncio.get_running_loop(), _Turns())
    job = _Job(function, argument)
    turns.enter(job)
    try:
        returned, error = await job.outcome
    finally:
        turns.leave(job)
    if error is not None:
        raise error
    return returned


class _Job:
    """One call, and the future that its event loop waits for."""

    def __init__(self, function: Callable[[Any], Any], argument: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._context, self._function, self._argument = copy_context(), function, argument
        self.outcome: asyncio.Future[tuple[Any, BaseException | None]] = self._loop.create_future()

    def start(self) -> None:
        try:
            Thread(target=self._work, name="flexes capability", daemon=True).start()
        except RuntimeError as error:  # the system gives no more threads
            self._settle((None, error))

    def _work(self) -> None:
        try:
            outcome: tuple[Any, BaseException | None] = (self._context.run(self._function, self._argument), None)
        except BaseException as error:  # foreign code may raise anything; it is for whoever waits
            outcome = (None, error)
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._settle, outcome)

    def _settle(self, outcome: tuple[Any, BaseException | None]) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class _Turns:
    """Lets MAX_THREADS jobs of one event loop run at once; the others wait, first come, first served."""

    def __init__(self) -> None:
        self._waiting: deque[_Job] = deque()
        self._running: set[_Job] = set()

    def enter(self, job: _Job) -> None:
        self._waiting.append(job)
        self._start_next()

    def leave(self, job: _Job) -> None:
        self._running.discard(job)
        with suppress(ValueError):
            self._waiting.remove(job)
        self._start_next()

    def _start_next(self) -> None:
        while self._waiting and len(self._running) < MAX_THREADS:
            job = self._waiting.popleft()
            self._running.add(job)
            job.start()


_turns: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns]] = WeakKeyDictionary()
