"""Names in policies that nothing bears: capabilities, nodes, and selectors that leave no node in.

| code | severity | when |
|---|---|---|
| unknown_capability | error | the catalog has no such capability; for planner.selection, no such tag either |
| unknown_node | error | the plan is known and neither has the node nor gets it later |
| matches_nothing | warning | no capability of the catalog, or no node of a plan that stays, has all that is selected |
| override_matches_nothing | warning | the same of an override: it opts nothing out |
| override_matches_all | warning | an override's selector is empty: it switches its directives off everywhere |
"""

from collections.abc import Iterator

from flexes.policy.actions import Goto, Replan
from flexes.policy.authored import QualityThreshold, TaskPolicies
from flexes.policy.check_finding import Finding, Surroundings, similar
from flexes.policy.check_places import Subject, actions, replans, selectors
from flexes.policy.selector import Selector, base_id


def name_findings(policies: TaskPolicies, found: tuple[Subject, ...], around: Surroundings) -> Iterator[Finding]:
    """Yield what is named and does not exist."""
    changes = replans(found)
    for pointer, directive, selector in selectors(policies, found):
        yield from _selector(pointer, directive, selector, around, changes=changes)
    for subject in found:
        for pointer, node in _named_nodes(subject):
            if not around.knows_node(node):
                yield _unknown_node(pointer, subject.directive.id, node, around)
    if around.catalog is not None:
        yield from _selection(policies, around)


def _selector(
    pointer: str, directive: str | None, selector: Selector, around: Surroundings, *, changes: bool
) -> Iterator[Finding]:
    named = selector.capability
    if around.catalog is not None and named is not None and named not in around.catalog.by_id:
        message = f"no capability is called {named!r}{similar(named, around.catalog.by_id)}"
        yield _error("unknown_capability", f"{pointer}/capability", message, directive)
    elif selector.node is not None and not around.knows_node(selector.node):
        yield _unknown_node(f"{pointer}/node", directive, selector.node, around)
    elif selector.is_empty and directive is None:
        message = "an empty selector opts every node out; write `enabled: false` at the directives instead"
        yield Finding(code="override_matches_all", severity="warning", pointer=pointer, message=message)
    elif (nothing := _nothing(selector, around, changes=changes)) is not None:
        code = "override_matches_nothing" if directive is None else "matches_nothing"
        yield Finding(code=code, severity="warning", pointer=pointer, message=nothing, directive=directive)


def _nothing(selector: Selector, around: Surroundings, *, changes: bool) -> str | None:
    """Return why the selector leaves nothing in, or None; a plan that changes may come to have what is selected."""
    if around.catalog is not None and not any(
        selector.capability in (None, one.id) and set(selector.tags) <= set(one.tags) for one in around.capabilities
    ):
        tags = (tag for one in around.capabilities for tag in one.tags)
        return f"no capability has all the tags {', '.join(selector.tags)}{similar(selector.tags[0], tags)}"
    wanted = selector.model_copy(update={"node": base_id(selector.node)}) if selector.node else selector
    if around.nodes is None or any(wanted.matches(node) for node in around.nodes) or changes:
        return None
    stages = {node.stage for node in around.nodes if node.stage is not None}
    if selector.stage is not None and selector.stage not in stages:
        return f"no node of the plan is of the stage {selector.stage!r}{similar(selector.stage, sorted(stages))}"
    return "no node of the plan has all that is selected; leave out what is not needed"


def _named_nodes(subject: Subject) -> Iterator[tuple[str, str]]:
    if isinstance(subject.authored, QualityThreshold) and subject.authored.target is not None:
        yield f"{subject.pointer}/target", subject.authored.target
    for pointer, action, _ in actions(subject):
        if isinstance(action, Goto) and isinstance(action.next, str):
            yield f"{pointer}/next", action.next
        if isinstance(action, Replan) and action.target is not None:
            yield f"{pointer}/target", action.target


def _selection(policies: TaskPolicies, around: Surroundings) -> Iterator[Finding]:
    names = [name for one in around.capabilities for name in (one.id, *one.tags)]
    for key in ("require", "forbid", "prefer", "avoid"):
        for index, entry in enumerate(getattr(policies.planner.selection, key)):
            if entry not in names:
                message = f"no capability has the id or tag {entry!r}{similar(entry, names)}"
                yield _error("unknown_capability", f"/planner/selection/{key}/{index}", message, None)


def _unknown_node(pointer: str, directive: str | None, node: str, around: Surroundings) -> Finding:
    message = f"the plan has no node {node!r}{similar(node, around.node_ids or ())}"
    return _error("unknown_node", pointer, message, directive)


def _error(code: str, pointer: str, message: str, directive: str | None) -> Finding:
    return Finding(code=code, severity="error", pointer=pointer, message=message, directive=directive)
