"""Signals: what happened, in the one normalized form that directives are evaluated on (story 8.9 FR2)."""

from collections.abc import Hashable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field

from flexes.envelope.model import Flag, Model, Name, Number, Text
from flexes.policy.authored import TriggerKind
from flexes.policy.context import ANY, Directive, Heard, Hears, Key, PolicyContext
from flexes.policy.evaluate import test_of
from flexes.policy.selector import DERIVED_MARK
from flexes.predicate.verdict import FALSE

SignalKind = Literal["start", "node_completed", "node_failed", "timeout", "outside", "feedback", "manual"]


class Validation(Model, frozen=True):
    """What a judge, or a node about its own work, says of the result."""

    ok: Flag
    issues: tuple[Text, ...] = ()


class SignalEnvelope(Model, frozen=True):
    """A signal from outside the run: measures that arrived later, about a node or about the whole run.

    Attributes:
        metrics: Measures by name; at least one.
        node: The node that they are about; None for the run.
        source: Who measured.
    """

    metrics: Annotated[dict[Name, Number], Field(min_length=1)]
    node: Name | None = None
    source: Text | None = None


class NodeSeen(NamedTuple):
    """The signal's node as selectors and `$node` see it."""

    id: str
    capability: str
    kind: str
    stage: str | None
    tags: tuple[str, ...]
    attempt: int
    latency_ms: float | None
    cost: float | None


class Signal(NamedTuple):
    """One signal, ready to be evaluated.

    Attributes:
        produced: Metrics and facets that the node's attempt itself produced.
        directive: For a timer or a manual trigger: the only directive that hears it.
    """

    id: str
    kind: SignalKind
    node: NodeSeen | None = None
    metrics: Mapping[str, float] = {}
    validation_ok: bool | None = None
    retryable: bool | None = None
    timed_out: bool = False
    produced: frozenset[str] = frozenset()
    directive: str | None = None

    def roots(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of `$run`, `$node` and `$signal`; absent members are left out."""
        node = self.node
        seen = {} if node is None else {
            "id": node.id, "kind": node.kind, "stage": node.stage, "capability": node.capability,
            "attempt": node.attempt, "latencyMs": node.latency_ms, "cost": node.cost,
        }  # fmt: skip
        signal: dict[str, Any] = {"kind": self.kind, "metrics": self.metrics}
        if self.validation_ok is not None:
            signal["validation"] = {"ok": self.validation_ok}
        if self.retryable is not None:
            signal["retryable"] = self.retryable
        return {"$run": run, "$node": seen, "$signal": signal}


_HEARD: Mapping[SignalKind, tuple[Hears, ...]] = {
    "start": ("onStart",),
    "node_completed": ("onNodeComplete", "onNodeOutcome", "onMetricBelow", "onMetricAbove"),
    "node_failed": ("onNodeFail", "onNodeOutcome", "onMetricBelow", "onMetricAbove"),
    "timeout": ("onTimeout",),
    "outside": ("onMetricBelow", "onMetricAbove"),
    "feedback": ("onHitlFeedback",),
    "manual": ("manual",),
}


_MAX_HEARD: Final = 1_024
"""Kinds of signals of one run that are remembered."""


def heard_by(context: PolicyContext, signal: Signal) -> Heard:
    """Return the directives whose trigger and selector match the signal, ready to be tested."""
    if signal.directive is not None:
        return _ready(context, (context.by_id[signal.directive],))
    looks = _looks(context, signal)
    heard = context.heard.get(looks)
    if heard is None:
        if len(context.heard) >= _MAX_HEARD:
            context.heard.clear()
        heard = context.heard[looks] = _ready(context, _heard_by(context, signal))
    return heard


def _looks(context: PolicyContext, signal: Signal) -> Hashable:
    """Return all that triggers and selectors look at; signals that are alike in it are heard by the same directives."""
    node = signal.node
    return (
        signal.kind,
        signal.validation_ok is False,
        signal.timed_out,
        signal.produced,
        node and (node.id if context.tells_nodes_apart else "", node.capability, node.kind, node.stage, node.tags),
    )


def _ready(context: PolicyContext, directives: tuple[Directive, ...]) -> Heard:
    tests = tuple(test_of(context, directive) for directive in directives)
    return Heard(directives, tests, tuple((directive.id, FALSE.outcome, FALSE.reason) for directive in directives))


def _heard_by(context: PolicyContext, signal: Signal) -> tuple[Directive, ...]:
    keys = _keys(signal)
    found: dict[int, Directive] = {}
    for group in _groups(signal):
        index = context.index.get(group, {})
        for key in keys:
            for directive in index.get(key, ()):
                if _looks_at(directive, signal):
                    found[directive.rank] = directive
    return tuple(found[rank] for rank in sorted(found))


def trigger_kind(directive: Directive, signal: Signal) -> TriggerKind:
    """Return the authored trigger kind that a frame shows for the directive on this signal."""
    if directive.hears != "onNodeOutcome":
        return directive.hears
    return "onNodeFail" if signal.kind == "node_failed" else "onNodeComplete"


def _groups(signal: Signal) -> tuple[Hears, ...]:
    """Return what a directive must hear to be reached by the signal."""
    groups = _HEARD[signal.kind]
    if signal.validation_ok is False:
        groups += ("onValidationFail",)
    return (*groups, "onTimeout") if signal.timed_out else groups


def _keys(signal: Signal) -> list[Key]:
    """Return every key under which a directive that looks at the signal may stand."""
    keys: list[Key] = [ANY, *(("produced", name) for name in signal.produced)]
    node = signal.node
    if node is None:
        return keys
    keys += [("capability", node.capability), ("kind", node.kind), *(("tag", tag) for tag in node.tags)]
    if node.stage is not None:
        keys.append(("stage", node.stage))
    parts = node.id.split(DERIVED_MARK)
    keys += [("node", DERIVED_MARK.join(parts[:length])) for length in range(1, len(parts) + 1)]
    return keys


def _looks_at(directive: Directive, signal: Signal) -> bool:
    if directive.hears == "onTimeout" and directive.after_ms is not None:
        return False
    if directive.produced is not None and signal.produced.isdisjoint(directive.produced):
        return False
    return directive.selector is None or (signal.node is not None and directive.selector.matches(signal.node))
