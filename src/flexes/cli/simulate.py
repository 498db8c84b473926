"""`simulate`: a scripted run on a virtual clock."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flexes.cli.driving import Progress
from flexes.cli.options import AsJson
from flexes.cli.output import emit_json, emit_table, say
from flexes.cli.standing import status_code

if TYPE_CHECKING:
    from flexes.scenario.model import Scenario
    from flexes.scenario.simulate import Simulation
    from flexes.store.port import Store

ScenarioFile = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario, YAML or JSON; - reads standard input.")
]
KeepIn = Annotated[
    str | None, typer.Option("--store", metavar="URL", help="Keep the run in this store; in memory by default.")
]


def simulate(scenario: ScenarioFile, store: KeepIn = None, as_json: AsJson = False) -> None:
    """Drive a scripted run on a virtual clock: the same file gives the same output, byte for byte.

    With --json: one frame a line, then one line of type "summary".

    Exit status: 0 completed or at rest, 1 failed or cancelled, 2 bad input.
    """
    from flexes.policy.problems import validated
    from flexes.scenario.documents import load_document
    from flexes.scenario.model import Scenario
    from flexes.store.urls import open_store

    parsed = validated(Scenario, load_document(scenario), f"scenario {scenario}")
    kept = open_store(store or "memory://")
    try:
        raise typer.Exit(_simulated(parsed, kept, as_json))
    finally:
        kept.close()


def _simulated(scenario: "Scenario", store: "Store", as_json: bool) -> int:
    from flexes.scenario.simulate import scenario_run_id, simulate
    from flexes.shell.feed import RunFeed

    run_id = scenario_run_id(scenario)
    progress = Progress(RunFeed(store, run_id), run_id, as_json=as_json)
    simulation = simulate(scenario, store, progress.observe)
    progress.tell(lambda: _tell_summary(simulation, as_json))
    return status_code(simulation.state.status)


def _tell_summary(simulation: "Simulation", as_json: bool) -> None:
    from flexes.view.summary import Tally, summary

    tally = Tally(event for commit in simulation.commits for event in commit.events)
    told = summary(tally, simulation.state, simulation.refused)
    if as_json:
        emit_json(told)
        return
    say(
        f"run {simulation.state.run_id}: {told['status']}; plan version {told['planVersion']}, "
        f"{_replans(told['replans'])}, cost {told['costTotal']:g}"
    )
    if told["error"]:
        say(f"error: {told['error'].get('message') or 'cancelled'} [{told['error'].get('code', told['status'])}]")
    for refused in told["refused"]:
        say(f"refused: {_step(refused)}: {refused['message']} [{refused['code']}]")
    emit_table(("node", "runs"), told["nodeRuns"].items())
    if told["outcomes"]:
        rows = [
            (policy_id, told["policyTriggers"].get(policy_id, 0), _counts(outcomes))
            for policy_id, outcomes in told["outcomes"].items()
        ]
        emit_table(("policy", "acted", "outcomes"), rows)


def _replans(count: int) -> str:
    return f"{count} replan{'' if count == 1 else 's'}"


def _step(refused: Mapping[str, Any]) -> str:
    """Return what was tried, as the scenario calls it: `resume`, `trigger legal`, `approve by lead@example.com`."""
    human = refused.get("human")
    if human is not None:
        return f"{human['decision']} by {human['by']}"
    kind = next(iter(refused))
    return f"{kind} {refused[kind]}" if isinstance(refused[kind], str) else kind


def _counts(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{times} {outcome}" for outcome, times in outcomes.items())
