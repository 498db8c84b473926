"""`flexes demo`: the campaign played, told for people or as frames, and its exit status."""

import getpass
import sys
import tempfile
from pathlib import Path

import orjson
from rich.console import Console
from rich.text import Text

from flexes.demo.campaign import registry
from flexes.demo.closing import tells_more, tells_steps, tells_why
from flexes.demo.journal import Journal
from flexes.demo.material import envelope, read_brief
from flexes.demo.narrator import Narrator
from flexes.demo.performance import Decision, Kill, Performance, ran_twice, store_in
from flexes.errors import UnknownStore
from flexes.ids import RunId
from flexes.run.events import Event
from flexes.run.records import HumanRequest
from flexes.run.state import State
from flexes.shell.clock import SystemClock
from flexes.shell.facade import Flexes
from flexes.shell.report import RunReport
from flexes.shell.submission import checked_envelope
from flexes.store.urls import redacted
from flexes.view.frames import frames_of
from flexes.view.summary import Tally, summary


async def run_demo(console: Console, *, store_url: str, yes: bool, json: bool) -> int:
    """Play the campaign and return the exit status: 0 completed, or at rest; 1 failed or cancelled.

    Args:
        store_url: Where the run is kept; empty for a SQLite file in a new temporary folder, which stays.
        yes: Sign off without asking; so does a run without a terminal, and one with `json`.
        json: Print frames as JSON lines and a summary line last instead of the story.

    Raises:
        UnknownStore, StoreUnavailable: The store cannot be used; one in memory does not outlive a killed process.
    """
    url = _durable(store_url or store_in(Path(tempfile.mkdtemp(prefix="flexes-demo-"))))
    run_id = SystemClock().new_run_id()
    with tempfile.TemporaryDirectory(prefix="flexes-demo-journal-") as folder:
        journal = Journal(Path(folder) / "invocations.jsonl")
        async with Flexes.open(url, registry=journal.witnessed(registry)) as flexes:
            if json:
                return await _as_frames(console, flexes, url, run_id, journal)
            return await _as_story(console, flexes, url, run_id, journal, yes)


class FrameLines:
    """An audience that prints each frame as one line of JSON."""

    def __init__(self, console: Console) -> None:
        self.tally = Tally()
        self._console = console

    def sees(self, event: Event, before: State | None, after: State, position: int) -> None:
        """Print the event's frames."""
        self.tally.add(event)
        for frame in frames_of(event, before, after, position):
            self.line(frame.wire())

    def killed(self, kill: Kill) -> None:
        """Print nothing: a kill is no event."""

    def resumed(self, report: RunReport) -> None:
        """Print nothing: resuming an active run appends nothing."""

    def line(self, document: object) -> None:
        """Print a document on one line."""
        text = orjson.dumps(document).decode()
        self._console.print(text, soft_wrap=True, highlight=False, markup=False)


async def _as_frames(console: Console, flexes: Flexes, url: str, run_id: RunId, journal: Journal) -> int:
    frames = FrameLines(console)
    performance = Performance(flexes, url, run_id, journal, frames)
    await performance.play(lambda _state, _request: _automatic("--json"))
    kill, state = performance.kill, performance.state
    if kill is None or state is None:
        frames.line(
            {"type": "summary", "status": "failed", "error": {"code": "demo_failed", "message": performance.failure}}
        )
        return 1
    again = ran_twice(kill, tuple(journal.read()))
    killed = {
        "version": kill.version,
        "completed": [node for node, _ in kill.completed],
        "inFlight": list(kill.in_flight),
    }
    frames.line({**summary(frames.tally, state), "runId": run_id, "killed": killed, "ranTwice": list(again)})
    return _exit_status(state, again)


async def _as_story(console: Console, flexes: Flexes, url: str, run_id: RunId, journal: Journal, yes: bool) -> int:
    narrator = Narrator(console)
    task, context = checked_envelope(envelope(), flexes.registry.catalog)
    narrator.opens(envelope(), context, read_brief(str(task.inputs["briefFile"])), run_id)
    performance = Performance(flexes, url, run_id, journal, narrator)
    await performance.play(lambda state, request: _asked(narrator, state, request, yes))
    kill, state = performance.kill, performance.state
    if kill is None or state is None:
        narrator.say(f"The first process ended before it could be killed: {performance.failure}")
        return 1
    invocations = tuple(journal.read())
    tells_why(narrator, state)
    tells_steps(narrator, state, kill, invocations)
    tells_more(narrator, state, redacted(url))
    return _exit_status(state, ran_twice(kill, invocations))


def _asked(narrator: Narrator, state: State, request: HumanRequest, yes: bool) -> Decision | None:
    """Show the copy and ask on the terminal; without one, or told so, approve and say so."""
    narrator.shows_copy(state)
    if yes or not sys.stdin.isatty():
        return _automatic("--yes" if yes else "no terminal to ask on")
    narrator.say(request.rationale or "")
    while True:
        try:
            answer = narrator.console.input(Text("Publish it? [y/n] ")).strip().casefold()
        except EOFError:
            narrator.say(f"No answer: the run waits. Later: flexes approve {state.run_id} {request.id}")
            return None
        if answer in ("y", "yes"):
            return Decision("approve", getpass.getuser(), "approved at the terminal")
        if answer in ("n", "no"):
            return Decision("reject", getpass.getuser(), "rejected at the terminal")


def _automatic(why: str) -> Decision:
    return Decision("approve", "demo", f"approved automatically ({why})")


def _durable(url: str) -> str:
    if url.lower().startswith("memory:"):
        raise UnknownStore(
            "the demo kills a process and goes on in another, and memory:// ends with its process: use sqlite:///demo.db"
        )
    return url


def _exit_status(state: State, again: tuple[str, ...]) -> int:
    return 1 if again or state.status in ("failed", "cancelled") else 0
