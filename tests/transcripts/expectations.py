"""What a scenario must come to, written by hand from the normative text, and how it is compared.

An expectation file names the rules that it follows from and holds any of:

| key | must |
|---|---|
| status, planVersion, replans, costTotal, output, nodeRuns, policyTriggers, outcomes | equal what the run came to |
| error | equal the code of the ending |
| order | occur in this order; each is the beginning of an event: `NodeStarted draft#2`; `*` stands for any text |
| count | occur exactly so often |
| never | not occur |
| refused | equal the codes of the refused outside steps, in order |
| facets | equal the visible facets with these names |
| nodes | equal the statuses of these nodes |
| inputs | equal the facets that these nodes were handed when they last started |
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tests.transcripts.rendering import told

from flexes.run import events as ev
from flexes.scenario.simulate import Simulation


def differences(expected: Mapping[str, Any], run: Simulation) -> list[str]:
    """Return how the run differs from what was expected; one line each."""
    unknown = expected.keys() - _CHECKS.keys() - {"rules"}
    found = [f"the expectation has the unknown key {key}" for key in sorted(unknown)]
    for key, check in _CHECKS.items():
        if key in expected:
            found += [f"{key}: {fault}" for fault in check(expected[key], run)]
    return found


def events_of(run: Simulation) -> list[ev.Event]:
    """Return the events of a simulation, in order."""
    return [event for commit in run.commits for event in commit.events]


def node_runs(run: Simulation) -> dict[str, int]:
    """Return how many attempts of each node started."""
    return dict(Counter(event.node_id for event in events_of(run) if isinstance(event, ev.NodeStarted)))


def _lines(run: Simulation) -> list[str]:
    return [f"{kind} {facts}" for kind, facts in told(events_of(run))]


def _matches(line: str, pattern: str) -> bool:
    plain = pattern.replace("[", "[[]")
    return fnmatchcase(line, plain + "*")


def _same(read: Callable[[Simulation], Any]) -> Callable[[Any, Simulation], Iterator[str]]:
    def check(expected: Any, run: Simulation) -> Iterator[str]:
        found = read(run)
        if found != expected:
            yield f"expected {expected!r}, found {found!r}"

    return check


def _order(expected: Sequence[str], run: Simulation) -> Iterator[str]:
    lines = iter(_lines(run))
    for pattern in expected:
        if not any(_matches(line, pattern) for line in lines):
            yield f"{pattern!r} does not come, or not in this place"
            return


def _count(expected: Mapping[str, int], run: Simulation) -> Iterator[str]:
    for pattern, times in expected.items():
        found = sum(_matches(line, pattern) for line in _lines(run))
        if found != times:
            yield f"{pattern!r} comes {found} times, expected {times}"


def _never(expected: Sequence[str], run: Simulation) -> Iterator[str]:
    yield from _count(dict.fromkeys(expected, 0), run)


def _facets(expected: Mapping[str, Any], run: Simulation) -> Iterator[str]:
    visible = run.state.visible_facets()
    for name, value in expected.items():
        if visible.get(name) != value:
            yield f"{name} is {visible.get(name)!r}, expected {value!r}"


def _nodes(expected: Mapping[str, str], run: Simulation) -> Iterator[str]:
    for node, status in expected.items():
        found = run.state.nodes[node].status if node in run.state.nodes else None
        if found != status:
            yield f"{node} is {found}, expected {status}"


def _inputs(expected: Mapping[str, Any], run: Simulation) -> Iterator[str]:
    handed: dict[str, Any] = {}
    for commit in run.commits:
        for event in commit.events:
            if isinstance(event, ev.NodeStarted):
                handed[event.node_id] = dict(commit.after.inputs_of(event.node_id))
    for node, facets in expected.items():
        if handed.get(node) != facets:
            yield f"{node} was handed {handed.get(node)!r}, expected {facets!r}"


def _triggers(run: Simulation) -> dict[str, int]:
    return dict(Counter(event.policy_id for event in events_of(run) if isinstance(event, ev.PolicyTriggered)))


def _outcomes(run: Simulation) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for event in events_of(run):
        for policy, outcome, reason in event.outcomes if isinstance(event, ev.SignalEvaluated) else ():
            name = f"skipped({reason})" if outcome == "skipped" else outcome
            found.setdefault(policy, Counter())[name] += 1
    return {policy: dict(counts) for policy, counts in found.items()}


_CHECKS: Mapping[str, Callable[[Any, Simulation], Iterator[str]]] = {
    "status": _same(lambda run: run.state.status),
    "error": _same(lambda run: run.state.ending.code if run.state.ending else None),
    "planVersion": _same(lambda run: run.state.plan_version),
    "replans": _same(lambda run: run.state.replans),
    "costTotal": _same(lambda run: run.state.cost_total),
    "output": _same(lambda run: run.state.ending.output if run.state.ending else None),
    "nodeRuns": _same(node_runs),
    "policyTriggers": _same(_triggers),
    "outcomes": _same(_outcomes),
    "refused": _same(lambda run: [step["code"] for step in run.refused]),
    "order": _order,
    "count": _count,
    "never": _never,
    "facets": _facets,
    "nodes": _nodes,
    "inputs": _inputs,
}
