"""From authored policies to the policy context (story 8.9 AC1): thresholds become directives, all get their rank.

The total order (semantics 7): severity of the action, then class, then declaration, thresholds first.
"""

from collections.abc import Iterator
from typing import Final

from flexes.envelope.capability import Catalog
from flexes.policy.actions import ActionType
from flexes.policy.authored import RuntimePolicy, TaskPolicies, Thresholds
from flexes.policy.catalog_check import catalog_warnings
from flexes.policy.compile_threshold import compiled_threshold
from flexes.policy.context import Directive, PolicyClass, PolicyContext, PredicateTest
from flexes.policy.metric import metric_test, read_facets
from flexes.policy.selector import Selector
from flexes.predicate.ast import When, all_of
from flexes.predicate.printer import print_text

SEVERITY: Final[tuple[ActionType, ...]] = ("fail", "hitl", "pause", "replan", "goto", "emit")
CLASSES: Final[tuple[PolicyClass, ...]] = (
    "cost",
    "channel",
    "validation",
    "latency",
    "retry",
    "quality",
    "custom",
)


def normalize(policies: TaskPolicies, catalog: Catalog, inputs: frozenset[str] = frozenset()) -> PolicyContext:
    """Return the context of these policies over a catalog and the facets that the envelope gives.

    Disabled directives are left out. What names something that the catalog lacks is a warning.
    """
    compiled = [*_thresholds(policies.thresholds), *_runtime(policies)]
    places = {directive.id: place for place, directive in enumerate(compiled)}
    ordered = sorted(
        compiled,
        key=lambda directive: (
            SEVERITY.index(directive.action.type),
            CLASSES.index(directive.policy_class),
            places[directive.id],
        ),
    )
    directives = tuple(
        directive.model_copy(update={"rank": rank, "can_match": _capabilities(directive.selector, catalog)})
        for rank, directive in enumerate(ordered)
    )
    return PolicyContext(
        directives=directives,
        overrides=policies.overrides,
        guard_rails=policies.guard_rails,
        planner=policies.planner,
        warnings=catalog_warnings(directives, catalog, inputs),
    )


def _thresholds(thresholds: Thresholds) -> Iterator[Directive]:
    for group in Thresholds.model_fields:
        for threshold in getattr(thresholds, group):
            if threshold.enabled:
                yield compiled_threshold(threshold)


def _runtime(policies: TaskPolicies) -> Iterator[Directive]:
    return (_directive(policy) for policy in policies.runtime if policy.enabled)


def _directive(policy: RuntimePolicy) -> Directive:
    trigger = policy.trigger
    authored = [test for test in (trigger.condition, policy.when) if test is not None]
    tests: list[When] = list(authored)
    shown = [print_text(all_of(authored))] if authored else []
    if trigger.metric is not None and trigger.threshold is not None:
        op = "<" if trigger.kind == "onMetricBelow" else ">"
        tests.insert(0, metric_test(trigger.metric, op, trigger.threshold))
        shown.insert(0, f"{trigger.metric} {op} {trigger.threshold:g}")
    when = all_of(tests) if tests else None
    selector = None if trigger.selector is None or trigger.selector.is_empty else trigger.selector
    return Directive(
        id=policy.id,
        rank=0,
        policy_class="validation" if trigger.kind == "onValidationFail" else "custom",
        from_threshold=False,
        hears=trigger.kind,
        after_ms=trigger.ms,
        selector=selector,
        test=None if when is None else PredicateTest(when=when),
        expression=" && ".join(shown) or None,
        authored_when=bool(authored),
        action=policy.action,
        cooldown_ms=policy.cooldown_ms,
        reads=read_facets(when),
    )


def _capabilities(selector: Selector | None, catalog: Catalog) -> tuple[str, ...] | None:
    """Return the capabilities whose nodes a selector can match, as far as the catalog tells; None for all."""
    if selector is None:
        return None
    return tuple(
        capability.id
        for capability in catalog.capabilities
        if selector.capability in (None, capability.id) and set(selector.tags) <= set(capability.tags)
    )
