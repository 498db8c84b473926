"""What single actions of directives can run again, each by itself; `check_counts` adds them up."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar

from flexes.policy.actions import Action, Goto, Hitl, Intent, Replan
from flexes.policy.authored import GuardRails
from flexes.policy.check_places import acts
from flexes.policy.context import Directive, Hears

A = TypeVar("A", bound=Action)

OUTCOMES: Final = ("onNodeComplete", "onNodeFail", "onValidationFail", "onNodeOutcome")
"""What is heard when an attempt of a node has just ended, and nothing else: what is behind it has not started."""

REPLACING: Final[frozenset[Intent]] = frozenset({"fallback", "swap"})
"""Intents whose answers replace nodes that failed or timed out."""

_MEANT: Final[Mapping[Hears, frozenset[Intent]]] = {
    "onStart": frozenset({"rewrite"}),
    "onNodeComplete": frozenset({"rewrite"}),
    "onNodeFail": REPLACING,
    "onTimeout": frozenset({"swap"}),
}
_ANY: Final[frozenset[Intent]] = frozenset({"rewrite", "fallback", "swap"})


def acting(directives: Iterable[Directive], kind: type[A]) -> Iterator[tuple[Directive, A, bool]]:
    """Yield every action of a kind with its directive, and whether a person or a time limit decides on it."""
    for directive in directives:
        for act in acts(directive):
            if isinstance(act.action, kind):
                yield directive, act.action, act.is_nested


def is_retry(directive: Directive, goto: Goto) -> bool:
    """Return whether the goto runs its trigger alone."""
    return goto.next is None and directive.hears in OUTCOMES


def intents(directive: Directive, replan: Replan, *, is_nested: bool) -> frozenset[Intent]:
    """Return what the replan can ask for: what it names, else what a run makes of its trigger."""
    named = replan.intent
    if named is not None:
        return frozenset((named,))
    return _ANY if is_nested else _MEANT.get(directive.hears, _ANY)


def hears_failures(directive: Directive) -> bool:
    """Return whether the directive can hear of a node that failed."""
    return directive.hears not in ("onStart", "onNodeComplete")


def asks_about_failures(directive: Directive, rails: GuardRails) -> bool:
    """Return whether the directive can ask a person about a node that failed."""
    if not hears_failures(directive):
        return False
    types = {type(act.action) for act in acts(directive)}
    return Hitl in types or (Replan in types and (directive.on_unresolved or rails.on_limit) == "hitl")
