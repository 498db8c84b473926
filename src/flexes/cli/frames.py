"""`frames`: the SSE feed on standard output."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from flexes.cli.driving import in_loop
from flexes.cli.failures import DONE
from flexes.cli.opening import find_run, reading
from flexes.cli.options import DEFAULT_STORE, AsJson, EveryRun, StoreUrl
from flexes.cli.output import dumps, emit, emit_json

if TYPE_CHECKING:
    from flexes.ids import RunId
    from flexes.store.port import Store
    from flexes.view.frame import Frame


class FrameFormat(StrEnum):
    """How frames are printed."""

    sse = "sse"
    json = "json"


OneRun = Annotated[
    str | None, typer.Argument(metavar="RUN", help="A run id, or its first characters; leave it out with --all.")
]
AfterId = Annotated[
    str | None,
    typer.Option(
        "--after",
        metavar="ID",
        help="Only what follows the frame with this id (Last-Event-ID): nothing yet after the last.",
    ),
]
Follow = Annotated[bool, typer.Option("--follow", help="Go on with frames as they come.")]
Format = Annotated[FrameFormat, typer.Option("--format", help="Server-sent events, or JSON lines.")]
Heartbeat = Annotated[
    float,
    typer.Option("--heartbeat-s", metavar="SECONDS", min=0.05, help="Following SSE: a comment after so much silence."),
]


def frames(
    run: OneRun = None,
    every: EveryRun = False,
    after: AfterId = None,
    follow: Follow = False,
    format: Format = FrameFormat.sse,
    heartbeat_s: Heartbeat = 15.0,
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Print the frames of a run, or of all runs, in order; after any cut, --after resumes at the next frame.

    With --follow the feed goes on: that of one run ends with its terminal frame. --json is --format json.
    """
    if (run is None) != every:
        raise typer.BadParameter("name one run, or give --all")
    with reading(store) as kept:
        run_id = None if run is None else find_run(kept, run)
        as_sse = format is FrameFormat.sse and not as_json
        if follow:
            in_loop(_follow(kept, run_id, after, heartbeat_s if as_sse else None, _teller(as_sse)))
        else:
            _print_stored(kept, run_id, after, _teller(as_sse))


def _print_stored(store: "Store", run_id: "RunId | None", after: str | None, tell: "Callable[[Frame], None]") -> None:
    from flexes.shell.feed import frames_of_all, frames_of_run

    feed = frames_of_all(store, after) if run_id is None else frames_of_run(store, run_id, after)
    for frame in feed:
        tell(frame)


async def _follow(
    store: "Store",
    run_id: "RunId | None",
    after: str | None,
    heartbeat_s: float | None,
    tell: "Callable[[Frame], None]",
) -> int:
    from flexes.shell.feed import follow

    async with (
        aclosing(follow(store, run_id, after)) as feed,
        aclosing(_with_silences(feed, heartbeat_s)) as told,
    ):
        async for frame in told:
            if frame is None:
                emit(": still here\n\n")
            else:
                tell(frame)
    return DONE


async def _with_silences(
    feed: "AsyncGenerator[Frame, None]", heartbeat_s: float | None
) -> "AsyncGenerator[Frame | None, None]":
    """Yield the frames of a feed, and None after each silence of that length."""
    import asyncio

    while True:
        pending = asyncio.ensure_future(anext(feed))
        try:
            while not (await asyncio.wait({pending}, timeout=heartbeat_s))[0]:
                yield None
            yield pending.result()
        except StopAsyncIteration:
            return
        finally:
            if not pending.done():
                pending.cancel()
                await asyncio.wait({pending})


def _teller(as_sse: bool) -> "Callable[[Frame], None]":
    from flexes.view.frame import sse

    return (lambda frame: emit(sse(frame, dumps))) if as_sse else (lambda frame: emit_json(frame.wire()))
