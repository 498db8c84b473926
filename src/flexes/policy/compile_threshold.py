"""Thresholds as directives: one small function a kind of threshold (story 8.9 FR1, semantics 5)."""

from typing import Any, assert_never

from flexes.envelope.paths import parse_path
from flexes.policy.actions import Fail, Goto, Hitl, Replan
from flexes.policy.authored import (
    ChannelThreshold,
    CostThreshold,
    EscalationThreshold,
    LatencyThreshold,
    QualityThreshold,
    RetryThreshold,
)
from flexes.policy.context import ChannelTest, Directive, PredicateTest
from flexes.policy.metric import metric_test, read_facets
from flexes.predicate.ast import When, any_of
from flexes.predicate.parse import parse_when
from flexes.predicate.printer import print_text

AnyThreshold = (
    QualityThreshold | CostThreshold | LatencyThreshold | RetryThreshold | ChannelThreshold | EscalationThreshold
)


def compiled_threshold(threshold: AnyThreshold) -> Directive:
    """Return the directive that enforces the threshold; its rank is not known yet."""
    match threshold:
        case QualityThreshold():
            return _quality(threshold)
        case CostThreshold():
            return _cost(threshold)
        case LatencyThreshold():
            return _latency(threshold)
        case RetryThreshold():
            return _retries(threshold)
        case ChannelThreshold():
            return _channel(threshold)
        case EscalationThreshold():
            return _escalation(threshold)
        case _:
            assert_never(threshold)


def _quality(threshold: QualityThreshold) -> Directive:
    when = metric_test(threshold.metric, "<", threshold.min)
    expression = f"{threshold.metric} < {threshold.min:g}"
    return _directive(
        threshold,
        policy_class="quality",
        hears="onNodeComplete",
        produced=(threshold.metric, *read_facets(when)),
        test=PredicateTest(when=when),
        expression=expression,
        action=Replan(intent="rewrite", target=threshold.target, rationale=f"quality: {expression}"),
        on_unresolved=threshold.on_unresolved or "hitl",
        max_rewrites=threshold.max_rewrites,
        reads=read_facets(when),
    )


def _cost(threshold: CostThreshold) -> Directive:
    caps = (("$run.costProjected", threshold.cap_total), ("$node.cost", threshold.cap_per_node))
    when = any_of([parse_when({path: {">": cap}}) for path, cap in caps if cap is not None])
    return _directive(
        threshold,
        policy_class="cost",
        hears="onNodeOutcome",
        test=PredicateTest(when=when),
        expression=print_text(when),
        action=Replan(intent="fallback", rationale=f"cost: {print_text(when)}"),
        on_unresolved=threshold.on_unresolved or "fail",
        cap_total=threshold.cap_total,
        cap_per_node=threshold.cap_per_node,
    )


def _latency(threshold: LatencyThreshold) -> Directive:
    when = parse_when({"$node.latencyMs": {">": threshold.max_ms}})
    return _directive(
        threshold,
        policy_class="latency",
        hears="onNodeOutcome",
        test=PredicateTest(when=when),
        expression=print_text(when),
        action=Replan(intent="swap", rationale=f"latency: {print_text(when)}"),
        on_unresolved=threshold.on_unresolved or "continue",
    )


def _retries(threshold: RetryThreshold) -> Directive:
    when = parse_when("$signal.retryable")
    return _directive(
        threshold,
        policy_class="retry",
        hears="onNodeFail",
        test=PredicateTest(when=when),
        expression=print_text(when),
        action=Goto(max_attempts=threshold.max, backoff=threshold.backoff, on_exhausted=_when_used_up(threshold)),
        on_unresolved=threshold.on_unresolved,
        attempts_per_node=True,
    )


def _when_used_up(threshold: RetryThreshold) -> Fail | Hitl | None:
    reason = f"{threshold.id}: {threshold.max} retries used up"
    if threshold.on_unresolved == "fail":
        return Fail(message=reason)
    return Hitl(rationale=reason) if threshold.on_unresolved == "hitl" else None


def _channel(threshold: ChannelThreshold) -> Directive:
    test = ChannelTest(
        channel=threshold.channel,
        facet=threshold.facet,
        max_length=threshold.max_length,
        forbid=threshold.forbid,
        require=threshold.require,
    )
    facet = parse_path(threshold.facet).root
    expression = f"{threshold.facet} breaks the rules of channel {threshold.channel}"
    return _directive(
        threshold,
        policy_class="channel",
        hears="onNodeComplete",
        produced=(facet,),
        test=test,
        expression=expression,
        action=Replan(intent="rewrite", rationale=f"channel: {expression}"),
        on_unresolved=threshold.on_unresolved or "hitl",
        reads=(facet,),
    )


def _escalation(threshold: EscalationThreshold) -> Directive:
    when: When = threshold.when
    facets = read_facets(when)
    return _directive(
        threshold,
        policy_class="custom",
        hears="onNodeOutcome",
        produced=facets or None,
        test=PredicateTest(when=when),
        expression=print_text(when),
        authored_when=True,
        action=Hitl(rationale=threshold.rationale),
        reads=facets,
    )


def _directive(threshold: AnyThreshold, **fields: Any) -> Directive:
    selector = None if threshold.selector is None or threshold.selector.is_empty else threshold.selector
    if selector is not None:
        fields["produced"] = None
    return Directive(
        **{
            "id": threshold.id,
            "rank": 0,
            "from_threshold": True,
            "selector": selector,
            "cooldown_ms": threshold.cooldown_ms,
            **fields,
        }
    )
