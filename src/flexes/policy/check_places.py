"""Where things stand in authored policies: directives, their actions at any depth, their selectors and predicates."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from flexes.envelope.capability import Catalog
from flexes.policy.actions import Action, Goto, Replan, nested
from flexes.policy.authored import EscalationThreshold, RuntimePolicy, TaskPolicies, Threshold, Thresholds
from flexes.policy.context import Directive
from flexes.policy.normalize import normalize
from flexes.policy.selector import Selector
from flexes.predicate.ast import When


class Subject(NamedTuple):
    """An enabled threshold or directive: as authored, where, and as it is evaluated."""

    pointer: str
    authored: RuntimePolicy | Threshold
    directive: Directive


class Act(NamedTuple):
    """An action and where it stands; `is_nested` for those that a human request has to come before."""

    pointer: str
    action: Action
    is_nested: bool


def subjects(policies: TaskPolicies, catalog: Catalog | None, inputs: Mapping[str, JsonValue]) -> tuple[Subject, ...]:
    """Return what is enabled, in the order of the document.

    Raises:
        InvalidDocument: A threshold names a path that is none.
    """
    directives = normalize(policies, catalog or Catalog(), frozenset(inputs)).by_id
    return tuple(
        Subject(pointer, authored, directives[authored.id])
        for pointer, authored in _authored(policies)
        if authored.enabled
    )


def actions(subject: Subject) -> Iterator[Act]:
    """Yield the actions that an author wrote, the outermost first; none for a threshold."""
    if isinstance(subject.authored, RuntimePolicy):
        yield from _within(subject.authored.action, f"{subject.pointer}/action")


def acts(directive: Directive) -> Iterator[Act]:
    """Yield the actions of a directive as it is evaluated, those of thresholds too."""
    return _within(directive.action, "/action")


def replans(found: Iterable[Subject]) -> bool:
    """Return whether any of the directives can change the plan."""
    return any(isinstance(act.action, Replan) for subject in found for act in acts(subject.directive))


def selectors(policies: TaskPolicies, found: tuple[Subject, ...]) -> Iterator[tuple[str, str | None, Selector]]:
    """Yield every selector with its pointer and the directive that it belongs to."""
    for subject in found:
        inner = "/trigger/selector" if isinstance(subject.authored, RuntimePolicy) else "/selector"
        if subject.directive.selector is not None:
            yield f"{subject.pointer}{inner}", subject.directive.id, subject.directive.selector
        for act in actions(subject):
            if isinstance(act.action, Goto) and isinstance(act.action.next, Selector):
                yield f"{act.pointer}/next", subject.directive.id, act.action.next
    for index, override in enumerate(policies.overrides):
        yield f"/overrides/{index}/selector", None, override.selector


def predicates(subject: Subject) -> Iterator[tuple[str, When]]:
    """Yield the predicates that an author wrote for a directive."""
    authored = subject.authored
    if isinstance(authored, EscalationThreshold):
        yield f"{subject.pointer}/when", authored.when
    if isinstance(authored, RuntimePolicy):
        if authored.trigger.condition is not None:
            yield f"{subject.pointer}/trigger/condition", authored.trigger.condition
        if authored.when is not None:
            yield f"{subject.pointer}/when", authored.when


def as_authored(document: JsonValue, pointer: str) -> str:
    """Return the pointer with the keys as the document spells them: snake_case, `capabilityId`."""
    here, spelt = document, ""
    for part in pointer.split("/")[1:]:
        key = part
        if isinstance(here, dict):
            snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in part)
            candidates = (part, snake, f"{part}Id", f"{part}_id")
            key = next((one for one in candidates if one in here), part)
            here = here.get(key)
        elif isinstance(here, list):
            here = here[int(part)] if part.isdigit() and int(part) < len(here) else None
        spelt += f"/{key}"
    return spelt


def _within(action: Action, pointer: str, *, is_nested: bool = False) -> Iterator[Act]:
    yield Act(pointer, action, is_nested)
    for key, inner in nested(action):
        yield from _within(inner, f"{pointer}/{key}", is_nested=is_nested or key != "onExhausted")


def _authored(policies: TaskPolicies) -> Iterator[tuple[str, RuntimePolicy | Threshold]]:
    for group in Thresholds.model_fields:
        for index, threshold in enumerate(getattr(policies.thresholds, group)):
            yield f"/thresholds/{group}/{index}", threshold
    for index, policy in enumerate(policies.runtime):
        yield f"/runtime/{index}", policy
