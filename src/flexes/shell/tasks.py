"""Foreign code at work for one run: begun once, heard once, given up when nobody waits for it any more."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from flexes.plan.handshake import Crashed, Decline, Delta, Draft
from flexes.run.commands import Failure, Result
from flexes.shell.invoke import described

GRACE_S: Final = 1.0
"""How long a cancelled task may take to stop before it is left behind."""

Key = tuple[str, int]
"""A node and its attempt, or a request of the planner and 0."""


class Finished(NamedTuple):
    """What a task came to."""

    key: Key
    value: Result | Failure | Draft | Delta | Decline | Crashed


class Tasks:
    """The tasks of one run.

    A task counts until `forget`, so that nobody begins it again while what it came to is being recorded.

    Args:
        wake: Set when a task has finished, and when none is left.
    """

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._finished: list[Finished] = []

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def begin(self, key: Key, work: Callable[[], Awaitable[Any]]) -> None:
        """Begin to work, unless it was begun before."""
        if key in self._tasks:
            return

        async def finish() -> None:
            try:
                value = await work()
            except (Exception, asyncio.CancelledError, GeneratorExit) as error:
                # foreign code may raise anything; only a task that was given up is really cancelled
                if self._tasks.get(key) is not asyncio.current_task():
                    raise
                value = _broken(key, error)
            self._finished.append(Finished(key, value))
            self._wake.set()

        self._tasks[key] = asyncio.create_task(finish(), name=f"flexes {key[0]} {key[1]}")

    def take(self) -> list[Finished]:
        """Return what finished since the last call, in that order."""
        found, self._finished = self._finished, []
        return found

    def forget(self, key: Key) -> None:
        """Let go of a task that has been recorded."""
        self._tasks.pop(key, None)
        if not self._tasks:
            self._wake.set()

    def give_up(self, is_current: Callable[[Key], bool]) -> None:
        """Cancel the tasks that are not current any more."""
        for key in [found for found in self._tasks if not is_current(found)]:
            self._tasks.pop(key).cancel()

    async def stop(self) -> None:
        """Cancel all, and wait a little for them."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE_S)


def _broken(key: Key, error: BaseException) -> Failure | Crashed:
    """Return an outcome for foreign code that left none."""
    if key[1] == 0:
        return Crashed(code="planner_error", reason=described(error))
    return Failure(code="bad_result", error=described(error))
