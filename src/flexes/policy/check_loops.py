"""Work that is done again: loops of directives, and how often each node can run at worst.

| code | severity | when |
|---|---|---|
| loop | warning | gotos or replans run again what triggers them, on success and untested; else info |
| worst_case | info | the most that a node can run, or a directive can act; a warning above MANY |
"""

from collections.abc import Iterator, Sequence
from typing import Final

from flexes.policy.actions import Goto, Replan
from flexes.policy.authored import TaskPolicies
from flexes.policy.check_counts import WorstCase
from flexes.policy.check_finding import Finding, Severity, Surroundings
from flexes.policy.check_places import Subject, acts
from flexes.policy.check_triggers import is_unconditional
from flexes.policy.context import Directive

MANY: Final = 100
_SHOWN: Final = 5
_WITHOUT_NODES: Final = ("onStart", "manual", "onHitlFeedback")


def loop_findings(policies: TaskPolicies, found: Sequence[Subject], around: Surroundings) -> Iterator[Finding]:
    """Yield loops and worst cases: for each node where the plan is known, else for each directive."""
    if around.nodes is None or around.own_planner:
        for subject in found:
            yield from _by_itself(policies, subject)
        return
    directives = [subject.directive for subject in found]
    worst = WorstCase(directives, policies.guard_rails, policies.planner.topology, around.nodes, around.capabilities)
    yield from _loops(found, worst)
    yield from _nodes(found, worst)


def _by_itself(policies: TaskPolicies, subject: Subject) -> Iterator[Finding]:
    directive, rails = subject.directive, policies.guard_rails
    gotos = [act for act in acts(directive) if isinstance(act.action, Goto)]
    replans = any(isinstance(act.action, Replan) for act in acts(directive))
    extra = sum(act.action.max_attempts for act in gotos if isinstance(act.action, Goto))
    if gotos:
        per = "for each node that fails" if directive.attempts_per_node else "in a run"
        message = f"it runs its target again at most {_times(extra)} {per}, with all that depends on it"
        yield _worst(subject, extra, message)
    if replans:
        most = min(rails.max_replans, rails.max_replans_per_policy)
        message = f"it asks the planner at most {_times(most)} in a run (maxReplans, maxReplansPerPolicy)"
        yield _worst(subject, most, message)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _nodes(found: Sequence[Subject], worst: WorstCase) -> Iterator[Finding]:
    reruns = [(subject, worst.reruns_of(subject.directive)) for subject in found]
    for node in worst.ids:
        runs = worst.runs(node)
        causes = [subject for subject, again in reruns if node in again] or list(found[:1])
        if runs > 1 and causes:
            copies = worst.copies(node)
            what = f"{node} and what is derived from it" if copies > 1 else node
            resumed = "; and each time that somebody resumes after a pause" if worst.is_held_by_pauses(node) else ""
            message = f"{what} can run {_number(runs)} times at worst, because of {_names(causes)}{resumed}"
            yield _worst(causes[0], runs, message, node)


def _loops(found: Sequence[Subject], worst: WorstCase) -> Iterator[Finding]:
    after = [_triggered(subject.directive, found, worst) for subject in found]
    reached = _closure(after)
    done: set[int] = set()
    for place, subject in enumerate(found):
        if place in done or not reached[place] >> place & 1:
            continue
        ring = [other for other in range(len(found)) if _is_mutual(reached, place, other)]
        done.update(ring)
        yield _loop(subject, [found[other] for other in ring])


def _triggered(directive: Directive, found: Sequence[Subject], worst: WorstCase) -> int:
    """Return, as bits, the directives that hear of what the directive runs again."""
    again = worst.reruns_of(directive)
    return sum(
        1 << place
        for place, other in enumerate(found)
        if other.directive.hears not in _WITHOUT_NODES and not again.isdisjoint(worst.triggers(other.directive))
    )


def _closure(after: Sequence[int]) -> list[int]:
    reached = list(after)
    for middle in range(len(reached)):
        for place, mask in enumerate(reached):
            if mask >> middle & 1:
                reached[place] = mask | reached[middle]
    return reached


def _is_mutual(reached: Sequence[int], one: int, other: int) -> bool:
    return bool(reached[one] >> other & 1 and reached[other] >> one & 1)


def _loop(first: Subject, ring: Sequence[Subject]) -> Finding:
    is_endless = all(_goes_on(subject.directive) for subject in ring)
    severity: Severity = "warning" if is_endless else "info"
    remedy = "it ends when the tests, the outcomes or the people say so, or when the caps hold"
    if is_endless:
        remedy = "nothing is tested on the way, so it goes on until the caps hold; add a `when`"
    verb = "runs again what triggers it" if len(ring) == 1 else "run again what triggers one another"
    message = f"{_names(ring)} {verb}: {remedy}"
    return Finding(code="loop", severity=severity, pointer=first.pointer, message=message, directive=first.directive.id)


def _goes_on(directive: Directive) -> bool:
    """Return whether success alone, without a test or a person, makes the directive run things again."""
    acts_itself = isinstance(directive.action, Goto | Replan)
    return acts_itself and directive.hears == "onNodeComplete" and is_unconditional(directive)


def _worst(subject: Subject, runs: int, message: str, node: str | None = None) -> Finding:
    return Finding(
        code="worst_case",
        severity="warning" if runs > MANY else "info",
        pointer=subject.pointer,
        message=message,
        directive=subject.directive.id,
        node=node,
        runs=runs,
    )


def _names(found: Sequence[Subject]) -> str:
    listed = ", ".join(subject.directive.id for subject in found[:_SHOWN])
    return listed if len(found) <= _SHOWN else f"{listed} and {len(found) - _SHOWN} more"


def _number(runs: int) -> str:
    return f"{runs:,}" if runs <= 1_000_000 else "more than a million"
