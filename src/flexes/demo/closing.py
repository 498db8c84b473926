"""The answer at the end: what did this run do, under which plan version, and which policy made it so?"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from flexes.demo.journal import Invocation
from flexes.demo.lines import action_of, changes
from flexes.demo.material import envelope_path
from flexes.demo.narrator import Narrator, table_of
from flexes.demo.performance import Kill, ran_twice
from flexes.run import events as ev
from flexes.run.evolve import fold
from flexes.run.state import State
from flexes.view.summary import Tally

_DECIDED: Final = {"approve": "approved", "reject": "rejected"}


def tells_why(narrator: Narrator, state: State) -> None:
    """Say for each action of a policy when it acted, under which plan version, why, and what came of it."""
    narrator.chapter("What did this run do, under which plan version, and which policy made it so?")
    grid = Table.grid(padding=(0, 2, 0, 0))
    for event in narrator.events:
        if isinstance(event, ev.PolicyTriggered):
            because = (event.predicate or {}).get("expression", "always")
            title = f"{event.policy_id}, at {event.node_id}, because {because}"
            grid.add_row(f"event {event.version}", f"plan v{event.plan_version}", Text(title, "yellow"))
            grid.add_row("", "", Text(f"-> {_effect(event, narrator.events)}"))
    narrator.console.print(grid)
    narrator.say(_never_breached(narrator.events))
    narrator.say(_spent(state))


def tells_steps(narrator: Narrator, state: State, kill: Kill, invocations: Sequence[Invocation]) -> None:
    """Print who did each step, since which plan version, at what cost, and in which process."""
    table = table_of("step", "done by", "since", "cost", "invoked in", title="The steps")
    for node in state.plan.nodes if state.plan else ():
        pids = [str(call.pid) for call in invocations if call.node == node.id]
        cost, origin = state.nodes[node.id].cost or 0.0, node.origin
        since = f"v{origin.version} {', '.join(origin.directives)}".strip() if origin else ""
        table.add_row(node.id, node.capability, since, f"{cost:.2f}", ", ".join(pids))
    narrator.console.print(table)
    again = ran_twice(kill, tuple(invocations))
    if again:
        narrator.say(f"These steps were completed before the kill and ran again: {', '.join(again)}.")
        return
    narrator.say(
        f"Of the {len(kill.completed)} steps that process {kill.pid} had completed none ran again. "
        f"{', '.join(kill.in_flight)}, in flight when it died, was invoked again as the same operation; "
        "one outcome counts."
    )


def tells_more(narrator: Narrator, state: State, store_url: str) -> None:
    """Print the commands that look further."""
    narrator.chapter("Look further")
    run, last, program = state.run_id, state.plan_version, _program()
    commands = (f"show {run}", f"plan {run} --diff 1 {last}", f"audit --run {run}", f"verify {run}")
    for command in (f"{found} --store {store_url}" for found in commands):
        narrator.command(f"{program} {command}")
    narrator.say("The same campaign on its own, without the kill:")
    narrator.command(f"{program} run {envelope_path()} --app flexes.demo.campaign:registry")


def _program() -> str:
    """Return how this installation's `flexes` is called here: by its name, or by its path where that is not found."""
    found, own = shutil.which("flexes"), Path(sys.executable).with_name("flexes")
    is_found = found is not None and Path(found).resolve() == own.resolve()
    return "flexes" if is_found or not own.exists() else str(own)


def _never_breached(events: Sequence[ev.Event]) -> str:
    tally = Tally(events)
    idle = [policy for policy in tally.outcomes if policy not in tally.policy_triggers]
    return f"Looked at and never breached: {', '.join(idle) or 'none'}."


def _spent(state: State) -> str:
    caps = [found.cap_total for found in state.context.directives if found.cap_total is not None]
    return f"Spent: {state.cost_total:.2f}" + (f" of at most {min(caps):.2f}." if caps else ".")


def _effect(event: ev.PolicyTriggered, events: Sequence[ev.Event]) -> str:
    """Return what came of an action: the plan version, the decision, or what was published."""
    later = [found for found in events if found.version > event.version]
    for found in later:
        if isinstance(found, ev.PlanUpdated) and event.action == "replan" and event.policy_id in found.triggers:
            before = fold(one for one in events if one.version < found.version)
            assert before is not None
            return f"plan v{found.new_version}: {changes(found, before)}"
        if isinstance(found, ev.HitlResolved) and found.request_id == event.request_id:
            return f"{_DECIDED.get(found.decision, found.decision)} by {found.by}"
    return action_of(event)
