"""A run as readable text: one line an event, with its version, virtual time, actor, type and the facts that matter.

Rules:
1. Within a commit only the first event shows time and actor; the others show a dot.
2. Ids made of hashes are never shown; requests of humans are numbered as they are opened.
3. What a line says is a function of the event alone, apart from those numbers.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flexes.ids import Instant, ms_between
from flexes.run import events as ev
from flexes.scenario.virtual import EPOCH

_ORIGIN = frozenset(ev.Event.model_fields)


def transcript(events: Sequence[ev.Event]) -> str:
    """Return the run as text, one line an event."""
    lines: list[str] = []
    before = ""
    for event, (kind, facts) in zip(events, told(events), strict=True):
        first = event.command_id != before
        before = event.command_id
        when, who = (_when(event.at), event.actor) if first else (".", ".")
        lines.append(f"{event.version:>4}  {when:<9} {who:<22} {kind:<17} {facts}".rstrip())
    return "\n".join(lines) + "\n"


def told(events: Iterable[ev.Event]) -> list[tuple[str, str]]:
    """Return the type and the facts of each event."""
    numbers: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for event in events:
        request = getattr(event, "request_id", None)
        if isinstance(event, (ev.HitlRequested, ev.PolicyTriggered)) and request:
            numbers.setdefault(request, f"r{len(numbers) + 1}")
        facts = _FACTS[type(event)](event) if type(event) in _FACTS else _rest(event)
        for identity, number in numbers.items():
            facts = facts.replace(identity, number)
        found.append((event.kind, facts))
    return found


def _when(at: str) -> str:
    return f"{ms_between(EPOCH, Instant(at)):.10g}ms"


def _rest(event: ev.Event) -> str:
    """Return the fields that only this type of event has, absent ones left out."""
    fields = event.model_dump(mode="json", by_alias=True, exclude=set(_ORIGIN), exclude_none=True)
    return _pairs(fields)


def _pairs(fields: Mapping[str, Any]) -> str:
    shown = {key: _plain(key, value) for key, value in fields.items() if value is not None and value not in ({}, [])}
    return " ".join(f"{key}={value}" for key, value in shown.items())


def _plain(key: str, value: Any) -> str:
    if key.endswith("At") and isinstance(value, str):
        return _when(value)
    return value if isinstance(value, str) and " " not in value else json.dumps(value, ensure_ascii=False)


def _run_started(event: ev.RunStarted) -> str:
    ids = " > ".join(directive["id"] for directive in event.context.get("directives", ()))
    off = [name for name, on in event.flags.items() if not on]
    return _pairs({"objective": event.envelope["objective"], "directives": ids or None, "off": off or None})


def _plan_requested(event: ev.PlanRequested) -> str:
    intents = [
        f"{intent['directive']}:{intent['intent']}({intent.get('node', '-')}->{intent.get('target', '-')})"
        for intent in event.intents
    ]
    faults = [found["code"] for found in event.diagnostics]
    return _pairs({"attempt": event.attempt, "base": event.base_version, "intents": intents, "diagnostics": faults})


def _plan_generated(event: ev.PlanGenerated) -> str:
    return f"v1 {_nodes(event.draft['nodes'])}"


def _plan_updated(event: ev.PlanUpdated) -> str:
    parts = [f"v{event.new_version} by {', '.join(event.triggers) or 'nobody'}"]
    parts += [f"add {_nodes(event.delta['add'])}"] if event.delta.get("add") else []
    parts += [f"replace {_nodes(event.delta['replace'])}"] if event.delta.get("replace") else []
    parts += [f"remove {', '.join(event.delta['remove'])}"] if event.delta.get("remove") else []
    parts += [f"unanswered {found['directive']}: {found['reason']}" for found in event.unanswered]
    return "; ".join(parts)


def _nodes(nodes: Iterable[Mapping[str, Any]]) -> str:
    shown = []
    for node in nodes:
        behind = f" after {'+'.join(node['dependsOn'])}" if node.get("dependsOn") else ""
        shown.append(f"{node['id']}[{node.get('capability', '')}]{behind}")
    return ", ".join(shown)


def _plan_rejected(event: ev.PlanRejected) -> str:
    how = "declined" if event.declined else f"attempt={event.attempt}"
    return how + "".join(f" {found['code']}: {found['message']}" for found in event.diagnostics)


def _node_started(event: ev.NodeStarted) -> str:
    timers = [f"{directive}@{_when(due)}" for directive, due in event.timers]
    return _of(event) + _tail({"deadlineAt": event.deadline_at, "timers": timers}, f" {event.capability_id}")


def _measures(event: ev.NodeCompleted | ev.NodeFailed) -> dict[str, Any]:
    return {
        "metrics": event.metrics,
        "cost": f"{event.cost:g}" + ("?" if event.cost_estimated else ""),
        "latency": f"{event.latency_ms:g}" + ("?" if event.latency_estimated else ""),
        "validation": event.validation,
    }


def _node_completed(event: ev.NodeCompleted) -> str:
    return _of(event) + _tail({"by": event.by, **_measures(event), "outputs": event.outputs})


def _node_failed(event: ev.NodeFailed) -> str:
    retryable = " retryable" if event.retryable else ""
    issues = [f"{issue['facet']}{issue['pointer']}" for issue in event.issues]
    fields = {"error": event.error, **_measures(event), "issues": issues, "outputs": event.outputs}
    return f"{_of(event)} {event.code}{retryable}" + _tail(fields)


def _node_superseded(event: ev.NodeSuperseded) -> str:
    return f"{_of(event)} {event.outcome['type']} cost={event.cost:g}"


def _nodes_reset(event: ev.NodesReset) -> str:
    attempts = ", ".join(f"{node}#{attempt}" for node, attempt in event.nodes) or "nothing"
    return f"{event.target}: {attempts}" + _tail({"cause": event.cause, "notBeforeAt": event.not_before_at})


def _signal_evaluated(event: ev.SignalEvaluated) -> str:
    about = f" {event.node_id}#{event.attempt}" if event.node_id else ""
    outcomes = [f"{policy}={outcome}" + (f"({reason})" if reason else "") for policy, outcome, reason in event.outcomes]
    return f"{event.signal_id} {event.signal_kind}{about}: {', '.join(outcomes) or 'nobody looks'}"


def _signal_deferred(event: ev.SignalDeferred) -> str:
    item = event.item
    about = f" {item['node']}#{item.get('attempt', 0)}" if item.get("node") else ""
    return f"{item['id']} {item['kind']}{about}" + _tail({"directive": item.get("directive")})


def _signal_taken(event: ev.SignalTaken) -> str:
    return event.item_id + _tail({"dropped": event.dropped})


def _policy_triggered(event: ev.PolicyTriggered) -> str:
    counted = f"{event.attempt}/{event.max_attempts}" if event.attempt is not None else None
    fields = {
        "on": event.node_id,
        "trigger": event.trigger_kind,
        "source": event.source,
        "attempt": counted,
        "request": event.request_id,
        "cause": event.cause,
        "cooldownUntilAt": event.cooldown_until_at,
    }
    return f"{event.policy_id} {event.action}" + _tail(fields)


def _hitl_requested(event: ev.HitlRequested) -> str:
    about = f" {event.node_id}#{event.attempt}" if event.node_id else ""
    fields = {"path": event.action_path, "rationale": event.rationale, "dueAt": event.due_at}
    return f"{event.request_id} {event.policy_id or 'human node'}{about}" + _tail(fields)


def _hitl_resolved(event: ev.HitlResolved) -> str:
    return f"{event.request_id} {event.decision} by {event.by}" + _tail({"note": event.note, "edits": event.edits})


def _timer_fired(event: ev.TimerFired) -> str:
    about = event.node_id or event.request_id or ""
    return f"{event.timer_kind} {about}" + _tail({"directive": event.directive, "dueAt": event.due_at})


def _failed(event: ev.Failed) -> str:
    fields = {"policy": event.policy_id, "node": event.node_id, "message": event.message, "details": event.details}
    return event.code + _tail(fields)


def _of(event: Any) -> str:
    return f"{event.node_id}#{event.attempt}"


def _tail(fields: Mapping[str, Any], before: str = "") -> str:
    shown = _pairs(fields)
    return before + (f" {shown}" if shown else "")


_FACTS: Mapping[type[ev.Event], Callable[[Any], str]] = {
    ev.RunStarted: _run_started,
    ev.PlanRequested: _plan_requested,
    ev.PlanGenerated: _plan_generated,
    ev.PlanUpdated: _plan_updated,
    ev.PlanRejected: _plan_rejected,
    ev.NodeStarted: _node_started,
    ev.NodeCompleted: _node_completed,
    ev.NodeFailed: _node_failed,
    ev.NodeSuperseded: _node_superseded,
    ev.NodesReset: _nodes_reset,
    ev.SignalEvaluated: _signal_evaluated,
    ev.SignalDeferred: _signal_deferred,
    ev.SignalTaken: _signal_taken,
    ev.PolicyTriggered: _policy_triggered,
    ev.HitlRequested: _hitl_requested,
    ev.HitlResolved: _hitl_resolved,
    ev.TimerFired: _timer_fired,
    ev.Failed: _failed,
}
