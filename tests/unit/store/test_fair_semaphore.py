"""Rules of the semaphore under which threads share connections."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from time import sleep

from flexes.store.fair_semaphore import FairSemaphore

LONG_S = 60.0


def until(is_so: Callable[[], bool]) -> None:
    """Wait for another thread."""
    while not is_so():
        sleep(0.001)


def test_no_more_threads_than_places_are_inside() -> None:
    """Never are more threads inside than there are places, and each of them comes in."""
    semaphore, inside, seen, lock = FairSemaphore(3), set[int](), Counter[int](), Lock()

    def work(number: int) -> None:
        for _ in range(50):
            assert semaphore.acquire(LONG_S)
            with lock:
                inside.add(number)
                seen[len(inside)] += 1
            sleep(0)
            with lock:
                inside.remove(number)
            semaphore.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert max(seen) <= 3
    assert seen.total() == 8 * 50


def test_who_leaves_and_comes_back_does_not_pass_who_waits() -> None:
    """A place that is given back while a thread waits is that thread's, however soon another one asks."""
    semaphore = FairSemaphore(1)
    assert semaphore.acquire(0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(semaphore.acquire, LONG_S)
        until(lambda: len(semaphore._line) == 1)
        semaphore.release()
        assert not semaphore.acquire(0)
        assert waiting.result()
    semaphore.release()
    assert semaphore.acquire(0)


def test_who_waited_too_long_takes_no_place() -> None:
    """A thread that gave up is not in line any more: the place goes to the next one who asks."""
    semaphore = FairSemaphore(1)
    assert semaphore.acquire(0)
    assert not semaphore.acquire(0.001)
    semaphore.release()
    assert semaphore.acquire(0)
