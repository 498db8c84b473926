"""The policy context: what the normalizer makes of the authored policies, stored with the run (story 8.9 AC1).

Planner and execution share it. Whatever authored form a policy had, here it is a Directive: which signals it hears,
which nodes it looks at, what it tests, what it does, and its place in the total order. Nothing later looks at the
authored form.
"""

from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from flexes.envelope.model import Amount, Count, Flag, Millis, Model, Name, Text
from flexes.policy.actions import Action, Fallout
from flexes.policy.authored import GuardRails, Override, PlannerPolicies, TriggerKind
from flexes.policy.selector import Selector
from flexes.predicate.ast import When
from flexes.predicate.compile import Compiled
from flexes.predicate.limits import DEFAULT_LIMITS, Limits

Key = tuple[str, str]
ANY: Key = ("any", "")
"""The key of directives that look at every signal."""

PolicyClass = Literal["cost", "channel", "validation", "latency", "retry", "quality", "custom"]
Hears = TriggerKind | Literal["onNodeOutcome"]
"""A trigger kind, or every node outcome, completed or failed, which only thresholds hear."""


class PredicateTest(Model, frozen=True):
    """The directive acts when the predicate matches."""

    type: Literal["predicate"] = "predicate"
    when: When


class ChannelTest(Model, frozen=True):
    """The directive acts when the text breaks its channel's rules; `facet` is a facet path."""

    type: Literal["channel"] = "channel"
    channel: Name
    facet: Name
    max_length: Count | None = None
    forbid: tuple[Name, ...] = ()
    require: tuple[Name, ...] = ()


Test = Annotated[PredicateTest | ChannelTest, Field(discriminator="type")]


class Directive(Model, frozen=True):
    """One policy, ready to be evaluated.

    Attributes:
        rank: Place in the total order; lower acts first.
        hears: Which signals reach it.
        after_ms: For onTimeout: how long a node may run; None for the capability's own timeout.
        produced: Look only at nodes whose attempt produced one of these metrics or facets; None looks at all.
        expression: The test as one line of text, as logs and frames show it.
        authored_when: Whether a caller wrote a `when`; the predicates flag switches only those off.
        attempts_per_node: Whether goto attempts count for each node instead of for the run.
        reads: Facets that the test reads.
        can_match: Catalog capabilities whose nodes it can match; None for all.
    """

    id: Name
    rank: int
    policy_class: PolicyClass
    from_threshold: Flag
    hears: Hears
    after_ms: Millis | None = None
    selector: Selector | None = None
    produced: tuple[str, ...] | None = None
    test: Test | None = None
    expression: Text | None = None
    authored_when: Flag = False
    action: Action
    cooldown_ms: Millis = 0.0
    on_unresolved: Fallout | None = None
    attempts_per_node: Flag = False
    max_rewrites: Count | None = None
    cap_total: Amount | None = None
    cap_per_node: Amount | None = None
    reads: tuple[str, ...] = ()
    can_match: tuple[str, ...] | None = None


class Warning(Model, frozen=True):
    """A finding that does not stop a run: code, JSON pointer or directive, message."""

    code: Name
    where: Text
    message: Text


class Heard(NamedTuple):
    """The directives that hear a signal, in total order.

    Attributes:
        tests: Their tests: from a lookup to a verdict.
        false: What they come to when all their tests are false: id, outcome and reason of each.
    """

    directives: tuple[Directive, ...]
    tests: tuple[Compiled, ...]
    false: tuple[tuple[str, str, str], ...]


class PolicyContext(Model, frozen=True):
    """All directives in total order, with the caps and limits that govern them."""

    directives: tuple[Directive, ...] = ()
    overrides: tuple[Override, ...] = ()
    guard_rails: GuardRails = GuardRails()
    planner: PlannerPolicies = PlannerPolicies()
    limits: Limits = DEFAULT_LIMITS
    warnings: tuple[Warning, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Directive]:
        """The directives by id."""
        return {directive.id: directive for directive in self.directives}

    @cached_property
    def hearing(self) -> Mapping[str, tuple[Directive, ...]]:
        """The directives by what they hear, each group in total order."""
        groups: dict[str, list[Directive]] = {}
        for directive in self.directives:
            groups.setdefault(directive.hears, []).append(directive)
        return {hears: tuple(group) for hears, group in groups.items()}

    @cached_property
    def compiled(self) -> dict[str, Compiled]:
        """The tests that were evaluated so far, compiled, by directive; filled by who evaluates."""
        return {}

    @cached_property
    def heard(self) -> dict[Hashable, Heard]:
        """Which directives look at a signal, by what they may look at in it; filled by who asks."""
        return {}

    @cached_property
    def tells_nodes_apart(self) -> bool:
        """Whether any directive looks at nodes by id."""
        return any(found.selector is not None and found.selector.node is not None for found in self.directives)

    @cached_property
    def index(self) -> Mapping[str, Mapping[Key, tuple[Directive, ...]]]:
        """The directives by what they hear and by what a signal must have for them to look at it.

        A directive stands under its selector's rarest field, a threshold without selector under what it wants produced,
        any other under `ANY`; so those that cannot match a signal are never looked at (semantics 6).
        """
        groups: dict[str, dict[Key, list[Directive]]] = {}
        for directive in self.directives:
            for key in _keys_of(directive):
                groups.setdefault(directive.hears, {}).setdefault(key, []).append(directive)
        return {hears: {key: tuple(found) for key, found in group.items()} for hears, group in groups.items()}


def _keys_of(directive: Directive) -> tuple[Key, ...]:
    selector = directive.selector
    if selector is None:
        return tuple(("produced", name) for name in dict.fromkeys(directive.produced or ())) or (ANY,)
    for field in ("node", "capability", "stage"):
        value = getattr(selector, field)
        if value is not None:
            return ((field, value),)
    if selector.tags:
        return (("tag", selector.tags[0]),)
    return (("kind", selector.kind),) if selector.kind is not None else (ANY,)
