"""Directives as a whole: what trigger and selector already say, against what the test asks and the others do.

| code | severity | when |
|---|---|---|
| contradiction | error | trigger, selector and tests together match on no signal |
| fires_on_every_node | warning | no selector and nothing tested: it acts whenever any node completes |
| looks_at_every_node | info | no selector: judged at every completed node, also where what it reads did not change |
| emit_without_cooldown | info | it emits whenever any node completes, with no cooldown |
| never_acts | warning | another directive always acts on the same signals, and supersedes it |
| unreachable_target | warning | the plan is known, and what it names has never run when it is wanted |
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from flexes.policy.actions import Emit, Fail, Goto, Hitl, Replan
from flexes.policy.authored import TaskPolicies
from flexes.policy.check_finding import Finding, PlannedNode, Surroundings
from flexes.policy.check_places import Subject, predicates, replans
from flexes.policy.context import Directive, Hears, PredicateTest
from flexes.policy.selector import Selector
from flexes.predicate.analysis import always, never
from flexes.predicate.ast import Compare, Exists, Leaf, Not, When, all_of, any_of, leaves_of, stored_path

NODE_ENDS: Final = ("onNodeComplete", "onNodeFail", "onValidationFail")
_KINDS: Final[Mapping[Hears, tuple[str, ...]]] = {
    "onStart": ("start",),
    "onNodeComplete": ("node_completed",),
    "onNodeFail": ("node_failed",),
    "onNodeOutcome": ("node_completed", "node_failed"),
    "onValidationFail": ("node_completed", "node_failed"),
    "onTimeout": ("timeout", "node_failed"),
    "onMetricBelow": ("node_completed", "node_failed", "outside"),
    "onMetricAbove": ("node_completed", "node_failed", "outside"),
    "onHitlFeedback": ("feedback",),
    "manual": ("manual",),
}


def trigger_findings(policies: TaskPolicies, found: Sequence[Subject], around: Surroundings) -> Iterator[Finding]:
    """Yield what is to be said of each directive as a whole, and of two together."""
    is_steady = not replans(found)
    for subject in found:
        yield from _contradiction(subject, around)
        yield from _everywhere(subject)
        if around.nodes is not None and not around.own_planner:
            yield from _unreachable(subject, around.nodes, is_steady=is_steady)
    yield from _superseded(policies, found, around)


def _superseded(policies: TaskPolicies, found: Sequence[Subject], around: Surroundings) -> Iterator[Finding]:
    opted_out = {name for override in policies.overrides for name in override.opt_out}
    opted_out.update(name for node in around.nodes or () for name in node.opt_out)
    sure = [one.directive for one in found if _always_acts(one.directive) and one.directive.id not in opted_out]
    for subject in found:
        winner = next((one.id for one in sure if _supersedes(one, subject.directive)), None)
        if winner is not None:
            message = f"{winner} acts on every signal that this hears, and supersedes it; give {winner} a `when`"
            yield _finding("never_acts", "warning", subject, "", message)


def is_unconditional(directive: Directive) -> bool:
    """Return whether the directive's test holds on every signal that it hears."""
    test = directive.test
    return test is None or (isinstance(test, PredicateTest) and always(test.when))


def _contradiction(subject: Subject, around: Surroundings) -> Iterator[Finding]:
    test = subject.directive.test
    if not isinstance(test, PredicateTest) or any(never(when) for _, when in predicates(subject)):
        return
    known = (*_known_of_signal(subject.directive, test.when), *_known_at_start(subject.directive, test.when, around))
    if never(all_of([test.when, *known])):
        reason = f"no signal of {subject.directive.hears}" if subject.directive.hears in _KINDS else "no signal"
        message = f"{reason} that the selector leaves in matches {subject.directive.expression}; change one of them"
        yield _finding("contradiction", "error", subject, "", message)


def _known_of_signal(directive: Directive, when: When) -> Iterator[When]:
    """Yield what holds on every signal that the directive hears."""
    kinds = _KINDS[directive.hears]
    yield any_of([Compare(path="$signal.kind", op="=", value=kind) for kind in kinds])
    if directive.hears == "onValidationFail":
        yield Compare(path="$signal.validation.ok", op="=", value=False)
    if "node_failed" not in kinds:
        yield Not(test=Exists(path="$signal.retryable"))
    if directive.hears == "onStart":
        paths = {leaf.path for leaf in leaves_of(when) if stored_path(leaf.path).root == "$node"}
        yield from (Not(test=Exists(path=path)) for path in sorted(paths))
    selector = directive.selector or Selector()
    for name in ("capability", "kind", "stage"):
        if (wanted := getattr(selector, name)) is not None:
            yield Compare(path=f"$node.{name}", op="=", value=wanted)


def _known_at_start(directive: Directive, when: When, around: Surroundings) -> Iterator[When]:
    """Yield that before the first node only the inputs are there."""
    if directive.hears != "onStart" or around.catalog is None:
        return
    for leaf in leaves_of(when):
        root = stored_path(leaf.path).root
        if not root.startswith("$") and root not in around.inputs and "[*]" not in leaf.path:
            yield Not(test=Exists(path=leaf.path))


def _everywhere(subject: Subject) -> Iterator[Finding]:
    directive = subject.directive
    if directive.from_threshold or directive.selector is not None or directive.hears != "onNodeComplete":
        return
    if not is_unconditional(directive):
        if not any(leaf.path.startswith("$node") for leaf in _leaves(directive)):
            message = (
                f"without a selector, {directive.expression} is judged whenever any node completes, also where "
                "nothing of it changed; select the nodes that write what it reads"
            )
            yield _finding("looks_at_every_node", "info", subject, "/trigger", message)
        return
    message = f"{directive.action.type} acts whenever any node completes; add a selector or a `when`"
    yield _finding("fires_on_every_node", "warning", subject, "/trigger", message)
    if isinstance(directive.action, Emit) and directive.cooldown_ms == 0:
        message = "it emits once for every node; set cooldownMs if that is too often"
        yield _finding("emit_without_cooldown", "info", subject, "", message)


def _leaves(directive: Directive) -> Iterator[Leaf]:
    return leaves_of(directive.test.when) if isinstance(directive.test, PredicateTest) else iter(())


def _always_acts(directive: Directive) -> bool:
    """Return whether nothing holds the directive back: no test, no cap, no target, no cooldown."""
    is_sure = directive.hears in NODE_ENDS and directive.cooldown_ms == 0 and is_unconditional(directive)
    return is_sure and isinstance(directive.action, Fail | Hitl)


def _supersedes(winner: Directive, other: Directive) -> bool:
    """Return whether other never takes effect where winner always acts: a fail acts alone, a hitl supersedes goto."""
    if winner.id == other.id or winner.hears != other.hears or not _covers(winner.selector, other.selector):
        return False
    if isinstance(other.action, Goto) and other.action.max_attempts == 0:
        return False  # used up from the start: its follow-up acts in its place
    if isinstance(winner.action, Hitl):
        return isinstance(other.action, Goto)
    return not isinstance(other.action, Emit) and winner.rank < other.rank


def _covers(wide: Selector | None, narrow: Selector | None) -> bool:
    if wide is None:
        return True
    if narrow is None or not set(wide.tags) <= set(narrow.tags):
        return False
    return all(getattr(wide, name) in (None, getattr(narrow, name)) for name in ("capability", "node", "stage", "kind"))


def _unreachable(subject: Subject, nodes: tuple[PlannedNode, ...], *, is_steady: bool) -> Iterator[Finding]:
    directive, action = subject.directive, subject.directive.action
    if not isinstance(action, Goto | Replan) or directive.hears not in (*NODE_ENDS, "onNodeOutcome"):
        return
    wanted = action.next if isinstance(action, Goto) else action.target
    target = next((node for node in nodes if node.id == wanted), None)
    if target is None:
        return
    triggers = [node for node in nodes if directive.selector is None or directive.selector.matches(node)]
    if not triggers:
        return
    if isinstance(action, Goto):
        # behind a rewrite there are copies that come after what has run
        is_lost = is_steady and all(target.id in node.behind for node in triggers)
        why = "comes after every node that this looks at, so it has not run yet"
    else:
        is_lost = all(node.id != target.id and node.id not in target.behind for node in triggers)
        why = "is neither the node that this looks at nor before it"
    if is_lost:
        message = f"{target.id} {why}, and the outcome will be target_missing; name a node further up"
        yield _finding("unreachable_target", "warning", subject, _key_of(directive, action), message)


def _key_of(directive: Directive, action: Goto | Replan) -> str:
    if directive.from_threshold:
        return "/target"
    return "/action/next" if isinstance(action, Goto) else "/action/target"


def _finding(code: str, severity: str, subject: Subject, below: str, message: str) -> Finding:
    return Finding.model_validate(
        {
            "code": code,
            "severity": severity,
            "pointer": subject.pointer + below,
            "message": message,
            "directive": subject.directive.id,
        }
    )
