"""One event as a line for people: which step, what it measured, which policy fired and why, what the plan became."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from flexes.demo.measures import sentences
from flexes.run import events as ev
from flexes.run.state import State


class Line(NamedTuple):
    """A line of the story: the kind of thing, its name, and what there is to say."""

    label: str
    name: str
    text: str


def lines_of(event: ev.Event, before: State | None, after: State) -> Iterator[Line]:
    """Yield what an event is worth saying; most are worth nothing."""
    match event:
        case ev.PlanGenerated():
            steps = ", ".join(node["id"] for node in event.draft["nodes"])
            yield Line("plan", "version 1", f"worked out from the output contract: {steps}")
        case ev.NodeCompleted():
            yield Line("step", event.node_id, f"{measured(event.outputs)}{_price(event, after)}")
        case ev.NodeFailed():
            yield Line("step", event.node_id, f"failed: {event.error}")
        case ev.PolicyTriggered():
            yield Line("policy", event.policy_id, _fired(event, after))
        case ev.PlanUpdated() if before is not None:
            caused = f"because of {', '.join(event.triggers)}: {changes(event, before)}"
            yield Line("plan", f"version {event.new_version}", caused)
        case _:
            yield from _outside(event)


def _outside(event: ev.Event) -> Iterator[Line]:
    """Yield what people and the end of the run have to say."""
    match event:
        case ev.PlanRejected():
            yield Line("plan", "refused", "; ".join(str(found.get("message")) for found in event.diagnostics))
        case ev.HitlRequested():
            yield Line("person", "asked", event.rationale or "")
        case ev.HitlResolved():
            yield Line("person", event.decision, f"by {event.by}: {event.note}")
        case ev.Failed():
            yield Line("end", "failed", event.message)
        case ev.Completed():
            yield Line("end", "completed", "the output meets the contract")
        case _:
            return


def measured(outputs: Mapping[str, Any]) -> str:
    """Return what a step's outputs come to, in a few words."""
    return "; ".join(_MEASURES[facet](value) for facet, value in outputs.items() if facet in _MEASURES)


def changes(event: ev.PlanUpdated, before: State) -> str:
    """Return what a new plan version changed: steps that came, went, and are done by another capability."""
    delta = event.delta
    added = [f"+ {node['id']} ({node['capability']})" for node in delta.get("add", ())]
    gone = [f"- {node}" for node in delta.get("remove", ())]
    replaced = [
        f"{change['id']} now by {change['capability']} instead of {before.node_of(change['id']).capability}"
        for change in delta.get("replace", ())
        if change.get("capability")
    ]
    moved = [change["id"] for change in delta.get("replace", ()) if not change.get("capability")]
    waits = [f"{', '.join(moved)} wait{'' if len(moved) > 1 else 's'} for them"] if moved else []
    return "; ".join([*replaced, *added, *gone, *waits])


def _fired(event: ev.PolicyTriggered, after: State) -> str:
    expression = (event.predicate or {}).get("expression", "always")
    now = f" (now {after.cost_projected:.2f})" if "costProjected" in str(expression) else ""
    return f"{expression}{now} -> {action_of(event)}"


def action_of(event: ev.PolicyTriggered) -> str:
    """Return what a policy does, in a few words."""
    details = event.action_details
    match event.action:
        case "replan":
            return f"ask the planner for a {details.get('intent')}"
        case "emit":
            return f"publish {details['event']}, nothing else changes"
        case "hitl":
            return "ask a person"
        case other:
            return other


def _price(event: ev.NodeCompleted, after: State) -> str:
    estimate = after.capability_of(event.node_id).cost
    cost = f"cost {event.cost:.2f}" if event.cost else ""
    if not event.cost_estimated and event.cost != estimate:
        cost += f", estimated {estimate:.2f}"
    took = f"took {event.latency_ms:.0f} ms" if event.latency_ms >= 100 else ""
    said = ", ".join(part for part in (cost, took) if part)
    return f" [{said}]" if said else ""


def _insights(value: Mapping[str, Any]) -> str:
    top = ", ".join(f"{theme} {count}" for theme, count in list(value["mentions"].items())[:3])
    return f"{value['interviews']} interviews; most spoke of {top}"


def _copy(value: Mapping[str, Any]) -> str:
    if value.get("changes"):
        return "; ".join(value["changes"])
    return f'"{value["headline"]}" and a body of {len(sentences(value["body"]))} sentence(s)'


def _qa(value: Mapping[str, Any]) -> str:
    broken = ", ".join(f"{issue['rule']}: {issue['found']}" for issue in value["issues"])
    return f"score {value['score']:g}, reading ease {value['readability']:g}; {broken or 'nothing to object to'}"


def _german(value: Mapping[str, Any]) -> str:
    missing, total = len(value["untranslated"]), len(sentences(value["body"])) + 2
    return f"{total - missing} of {total} sentences are in the translation memory"


_MEASURES: Final[Mapping[str, Callable[[Any], str]]] = {
    "brief": lambda value: f"{value['brand']}: {value['product']}, for {value['audience']}",
    "insights": _insights,
    "copy": _copy,
    "qa": _qa,
    "german": _german,
    "linkedin": lambda value: f"{value['length']} characters, marked #ad",
    "email": lambda value: f"subject: {value['subject']}",
    "campaign": lambda value: f"score {value['score']:g}; LinkedIn, email and German are together",
}
