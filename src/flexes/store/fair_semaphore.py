"""A semaphore that serves who waits in the order in which they came.

That of the standard library lets a thread which leaves and comes back at once pass all who wait, again and again.
"""

from collections import deque
from threading import Lock


class FairSemaphore:
    """Places for a number of threads; a thread that leaves hands its place to the one that waits longest."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._line: deque[Lock] = deque()
        self._lock = Lock()

    def acquire(self, timeout_s: float) -> bool:
        """Take a place; return whether there was one in time."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = Lock()
            turn.acquire()
            self._line.append(turn)
        try:
            turn.acquire(timeout=timeout_s)
        except BaseException:
            if not self._left(turn):
                self.release()
            raise
        return not self._left(turn)

    def release(self) -> None:
        """Hand a place to the next in line, or give it back."""
        with self._lock:
            if self._line:
                self._line.popleft().release()
            else:
                self._free += 1

    def _left(self, turn: Lock) -> bool:
        """Leave the line; return whether the turn had not come yet."""
        with self._lock:
            if turn not in self._line:
                return False
            self._line.remove(turn)
            return True
