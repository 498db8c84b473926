"""Plain functions in threads of their own."""

import asyncio
import contextvars
import subprocess
import sys
import threading
from textwrap import dedent
from typing import Any

import pytest

from flexes.shell.threads import MAX_THREADS, in_thread

ASKED = contextvars.ContextVar("ASKED", default="nothing")


def raising(error: BaseException) -> None:
    """Raise what is given."""
    raise error


def test_it_returns_what_the_function_returns_and_knows_its_surroundings() -> None:
    """A function runs in another thread, with the context variables of whoever asked."""

    async def asked() -> Any:
        ASKED.set("tea")
        return await in_thread(lambda cups: (ASKED.get(), cups, threading.current_thread().daemon), 2)

    assert asyncio.run(asked()) == ("tea", 2, True)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), StopIteration(), asyncio.CancelledError()])
def test_it_raises_what_the_function_raises(error: BaseException) -> None:
    """No exception is lost, whatever it is, so that no run waits for an answer that cannot come."""
    with pytest.raises((type(error), RuntimeError)):
        asyncio.run(asyncio.wait_for(in_thread(raising, error), 30))


def test_functions_beyond_the_limit_wait_and_those_left_behind_do_not_count() -> None:
    """At most MAX_THREADS run at once; one that was given up frees its place though it still hangs."""
    hanging, running, most = threading.Event(), 0, 0
    lock = threading.Lock()

    def counted(_: object) -> None:
        nonlocal running, most
        with lock:
            running, most = running + 1, max(most, running + 1)
        threading.Event().wait(0.001)
        with lock:
            running -= 1

    async def crowded() -> None:
        stuck = [asyncio.ensure_future(in_thread(hanging.wait, None)) for _ in range(MAX_THREADS)]
        waiting = asyncio.ensure_future(in_thread(counted, None))
        await asyncio.sleep(0.01)
        assert most == 0
        for task in stuck:
            task.cancel()
        await asyncio.gather(waiting, *(in_thread(counted, None) for _ in range(3 * MAX_THREADS)))

    asyncio.run(asyncio.wait_for(crowded(), 60))
    hanging.set()
    assert 1 <= most <= MAX_THREADS


def test_a_hanging_function_does_not_keep_the_process() -> None:
    """A run whose capability hangs past its timeout ends, and so does the process of an application that drove it."""
    script = """
        import asyncio, threading
        from flexes import CapabilityRegistry, Flexes

        registry = CapabilityRegistry()

        @registry.capability("stuck", outputs=["copy"], timeout_ms=20)
        def stuck(ctx):
            threading.Event().wait()

        async def main():
            async with Flexes.open("memory://", registry=registry) as flexes:
                contract = {"mode": "facets", "facets": ["copy"]}
                print((await flexes.run({"objective": "o", "outputContract": contract})).error["details"]["code"])

        asyncio.run(main())
    """
    found = subprocess.run(
        [sys.executable, "-c", dedent(script)], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout == "timeout\n"
