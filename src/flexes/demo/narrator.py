"""The story as it happens, for a terminal: what is set up, one line an event, the kill, the resume."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from flexes.demo.documents import Brief
from flexes.demo.lines import Line, lines_of
from flexes.demo.performance import Kill
from flexes.ids import Instant, ms_between
from flexes.policy.context import PolicyContext
from flexes.run.events import Event
from flexes.run.state import State
from flexes.shell.report import RunReport

STYLES: Mapping[str, str] = {"policy": "yellow", "plan": "cyan", "person": "magenta", "end": "bold green"}


def table_of(*names: str, title: str) -> Table:
    """Return an empty table; its first two columns are never broken, however narrow the terminal is."""
    columns = (Column(name, no_wrap=place < 2, overflow="fold") for place, name in enumerate(names))
    return Table(*columns, title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))


class Narrator:
    """Tells a performance on a console; keeps its events for the closing."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.events: list[Event] = []
        self.changes: dict[int, str] = {}

    def opens(self, envelope: Mapping[str, Any], context: PolicyContext, brief: Brief, run_id: str) -> None:
        """Say what is going to run, under which policies."""
        self.chapter("The task")
        self.say(envelope["objective"])
        self.say(
            f"The brief asks for {brief.product} {brief.model}, with {brief.disclosure!r} said and none of: "
            f"{', '.join(brief.forbidden_claims)}. Everything below really happens, offline and without a model; "
            "prices are made up, and the slow translator waits instead of working."
        )
        table = table_of("policy", "then", "when", title="The policies, in the order in which they act")
        for directive in context.directives:
            intent = getattr(directive.action, "intent", None)
            then = f"{directive.action.type} ({intent})" if intent else directive.action.type
            table.add_row(directive.id, then, directive.expression or "always")
        self.console.print(table)
        self.chapter("A first process begins")
        self.say(f"Run {run_id}")

    def sees(self, event: Event, before: State | None, after: State, position: int) -> None:  # noqa: ARG002
        """Tell an event, if it is worth a line."""
        self.events.append(event)
        for line in lines_of(event, before, after):
            self._tell(line, ms_between(after.started_at, Instant(event.at)))

    def killed(self, kill: Kill) -> None:
        """Say what was lost and what was not."""
        self.chapter(f"kill -9 {kill.pid}")
        flying = ", ".join(kill.in_flight)
        self.say(
            f"The process is gone, in the middle of {flying} (told to hang there, so that the kill always finds it). "
            f"The store has {kill.version} events: {len(kill.completed)} steps completed, 1 in flight."
        )

    def resumed(self, report: RunReport) -> None:
        """Say where the run stands."""
        self.chapter("Another process resumes")
        caused = f", made so by {', '.join(report.triggered_by)}" if report.triggered_by else ""
        last = (
            f"; last action: {report.last_action['policyId']}, {report.last_action['action']}"
            if report.last_action
            else ""
        )
        self.say(f"Resumed at event {report.version} under plan version {report.plan_version}{caused}{last}.")

    def shows_copy(self, state: State) -> None:
        """Show what a person is asked to sign off, after the draft that the reviewer refused."""
        self.chapter("The copy")
        draft, write = state.nodes["copywriter"].outputs, state.value("campaign")
        if draft is None or write is None:
            return
        german = write.value["german"]
        self._panel("What the first draft said", draft["copy"]["body"])
        self._panel("LinkedIn, as it would be published", write.value["linkedin"])
        self._panel("German", f"{german['headline']}\n\n{german['body']}\n\n{german['callToAction']}")

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self.console.print()
        self.console.rule(Text(title, style="bold"), align="left", characters="-")

    def say(self, text: str) -> None:
        """Print a paragraph."""
        self.console.print(Text(text))

    def command(self, text: str) -> None:
        """Print a command on one line, to be copied."""
        self.console.print(text, soft_wrap=True, highlight=False, markup=False)

    def _panel(self, title: str, text: str) -> None:
        self.console.print(Panel(Text(text), title=title, title_align="left"))

    def _tell(self, line: Line, elapsed_ms: float) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=7, justify="right", style="dim")
        grid.add_column(width=6)
        grid.add_column(width=19)
        grid.add_column(ratio=1)
        style = STYLES.get(line.label, "")
        grid.add_row(
            f"{elapsed_ms / 1000:.2f} s", Text(line.label, style), Text(line.name, style or "bold"), Text(line.text)
        )
        self.console.print(grid)
