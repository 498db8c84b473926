"""What each directive of each run came to: outcomes by kind, what it did, and whether it is a dead guard."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from flexes.policy.context import Directive
from flexes.run.events import PlanRequested, PolicyTriggered, RunStarted, SignalEvaluated
from flexes.run.records import PolicyCount
from flexes.view.dead_guards import is_dead_guard
from flexes_projections.table import Fact, Later, Projection, Row, Table, columns

OUTCOMES: Final = (
    "matched",
    "skipped:false",
    "skipped:missing",
    "invalid",
    "disabled",
    "opted_out",
    "cooling_down",
    "target_missing",
    "exhausted",
    "superseded",
)
"""The outcomes of semantics 7, each a column that counts it."""

_COUNTS: Final = " ".join(f"{outcome.replace(':', '_')}:integer" for outcome in OUTCOMES)

DIRECTIVES = Table(
    "directive_outcomes",
    columns(
        f"run_id policy_id place:integer policy_class action_type hears expression evaluations:integer {_COUNTS}"
        " triggers:integer reruns:integer replans:integer dead_guard:integer cooldown_until_at updated_at"
        " position:integer"
    ),
    key=2,
    indexes=(("policy_id", "run_id"), ("dead_guard", "policy_id")),
)


def rows_of(fact: Fact) -> Iterator[tuple[Table, Later]]:
    """Yield a row for each directive that the event is about; all of them, still at zero, when the run starts."""
    known = fact.after.context.by_id
    for policy_id in dict.fromkeys(_concerned(fact)):
        if policy_id in known:
            yield DIRECTIVES, Later((fact.event.run_id, policy_id), partial(_row, fact, known[policy_id]))


def _concerned(fact: Fact) -> Iterable[str]:
    match fact.event:
        case RunStarted():
            return [directive.id for directive in fact.after.context.directives]
        case SignalEvaluated(outcomes=outcomes):
            return [outcome[0] for outcome in outcomes]
        case PolicyTriggered(policy_id=policy_id):
            return [policy_id]
        case PlanRequested(intents=intents):
            return [intent["directive"] for intent in intents]
        case _:
            return ()


def _row(fact: Fact, directive: Directive) -> Row:
    count, outcomes = fact.after.policies.get(directive.id, PolicyCount()), fact.after.outcomes_of(directive.id)
    return (
        fact.event.run_id,
        directive.id,
        directive.rank,
        directive.policy_class,
        directive.action.type,
        directive.hears,
        directive.expression,
        sum(outcomes.values()),
        *(outcomes.get(outcome, 0) for outcome in OUTCOMES),
        count.triggers,
        sum(count.attempts.values()),
        count.replans,
        int(is_dead_guard(outcomes)),
        count.cooldown_until_at,
        fact.event.at,
        fact.position,
    )


_KINDS: Final = frozenset({"RunStarted", "SignalEvaluated", "PolicyTriggered", "PlanRequested"})

DIRECTIVE_OUTCOMES = Projection("directive_outcomes", 1, (DIRECTIVES,), rows_of, _KINDS)
