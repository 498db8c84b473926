"""How often a node can run at worst, as far as the built-in planner changes the plan.

Executions of an authored node and of all that is derived from it, at most:

    copies * (1 + gotos) + retries + restarts + reruns

1. `copies`: each rewrite at most doubles the copies of what it reaches; each escalation adds a node.
2. `gotos`: `maxAttempts` of each goto that can find the node started.
3. `retries`: those of gotos without `next`; a retry threshold's count for each copy.
4. `restarts`: a replan may replace a node that failed or timed out, and it runs again.
5. `reruns`: after a human request a failed node runs again; with all that people decide, `maxHitlRequests` in a run.
6. What a person resumes after a pause is counted by nobody.

Exact where the nodes stand in one line and only gotos, or one human request, run anything again. Elsewhere it may be
more than any run reaches: it takes branches to double, and a goto aside may fire less often.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from flexes.envelope.capability import Capability
from flexes.policy.actions import Goto, Pause, Replan
from flexes.policy.authored import GuardRails, Topology
from flexes.policy.check_finding import PlannedNode
from flexes.policy.check_reruns import (
    OUTCOMES,
    REPLACING,
    acting,
    asks_about_failures,
    hears_failures,
    intents,
    is_retry,
)
from flexes.policy.context import Directive
from flexes.policy.selector import Selector, base_id

UNCOUNTED: Final = 1_000_000_000
"""Beyond this nothing is counted."""


class WorstCase:
    """The worst case of a plan under some directives."""

    def __init__(
        self,
        directives: Sequence[Directive],
        rails: GuardRails,
        topology: Topology,
        nodes: Sequence[PlannedNode],
        capabilities: Iterable[Capability],
    ) -> None:
        self.rails = rails
        self.topology = topology
        self.nodes = {node.id: node for node in nodes}
        self.gotos = tuple(acting(directives, Goto))
        self.replans = tuple(acting(directives, Replan))
        self.directives = tuple(directives)
        self.ids = tuple(self.nodes)
        self.places = {node: place for place, node in enumerate(self.ids)}
        self._triggers: dict[str, tuple[str, ...]] = {}
        self._kinds_change = _kinds_differ(capabilities)

    def runs(self, node: str) -> int:
        """Return how often the node, and what is derived from it, can run at most."""
        copies, requests = self.copies(node), self.rails.max_hitl_requests
        gotos = min(self._attempts(node, decided=True, alone=False), requests)
        retries = min(self._attempts(node, decided=True, alone=True), requests - gotos)
        reruns = requests - gotos - retries if self._is_asked_about(node) else 0
        gotos += self._attempts(node, decided=False, alone=False)
        retries += self._attempts(node, decided=False, alone=True)
        return min(copies * (1 + gotos) + retries + self._restarts(node) + reruns, UNCOUNTED)

    def is_held_by_pauses(self, node: str) -> bool:
        """Return whether a pause can hold the node after a failure: it runs again each time that somebody resumes."""
        return any(
            hears_failures(directive) and node in self.triggers(directive)
            for directive, _, _ in acting(self.directives, Pause)
        )

    def copies(self, node: str) -> int:
        """Return how many nodes can come of one, itself included."""
        rewrites, escalations = self._rewrites(node), self._escalations
        most = (1 + escalations) << min(rewrites, UNCOUNTED.bit_length())
        cap = self.topology.max_nodes
        return most if cap is None else min(most, cap + rewrites + escalations)

    def triggers(self, directive: Directive) -> tuple[str, ...]:
        """Return the nodes whose signals can reach the directive."""
        if directive.id not in self._triggers:
            self._triggers[directive.id] = self._matching(directive.selector)
        return self._triggers[directive.id]

    def reruns_of(self, directive: Directive) -> frozenset[str]:
        """Return the nodes that the directive's gotos and replans can run again."""
        gotos = [goto for _, goto, _ in acting([directive], Goto)]
        found = {node for node in self.ids if any(self._reaches(directive, goto, node) for goto in gotos)}
        for _, replan, is_nested in acting([directive], Replan):
            found.update(self.triggers(directive))
            if "rewrite" in intents(directive, replan, is_nested=is_nested):
                found.update(node for target in self._rewritten(directive, replan) for node in self.reach[target])
        return frozenset(found)

    @property
    def replans_each(self) -> int:
        """How many replans one directive can ask for in a run."""
        return min(self.rails.max_replans_per_policy, self.rails.max_replans)

    @cached_property
    def reach(self) -> Mapping[str, frozenset[str]]:
        """Each node with all that a reset of it, or of what is derived from it, can reset."""
        masks = {node: self._mask((node, *self.nodes[node].behind)) for node in self.ids}
        if self._escalations:
            return dict.fromkeys(self.ids, frozenset(self.ids))
        before: dict[str, int] = {}
        while masks != before:
            before = dict(masks)
            for target in self._all_rewritten:
                _join(masks, masks[target], self.places)
        return {node: frozenset(self._members(mask)) for node, mask in masks.items()}

    def _attempts(self, node: str, *, decided: bool, alone: bool) -> int:
        """Return the `maxAttempts` of gotos that reach the node: those of people or not, retries or others."""
        return sum(
            goto.max_attempts * (self.copies(node) if directive.attempts_per_node else 1)
            for directive, goto, is_nested in self.gotos
            if (is_nested, is_retry(directive, goto)) == (decided, alone) and self._reaches(directive, goto, node)
        )

    def _reaches(self, directive: Directive, goto: Goto, node: str) -> bool:
        triggers = self.triggers(directive)
        if is_retry(directive, goto):
            return node in triggers
        is_steady = not self.replans and directive.hears in OUTCOMES
        if is_steady and all(node in self.nodes[trigger].behind for trigger in triggers):
            return False
        return any(node in self.reach[target] for target in self._targets(directive, goto))

    def _targets(self, directive: Directive, goto: Goto) -> tuple[str, ...]:
        if self._escalations:
            return self.ids
        if isinstance(goto.next, str):
            return tuple(node for node in (base_id(goto.next),) if node in self.nodes)
        return self._matching(goto.next) if goto.next is not None else self.triggers(directive)

    def _restarts(self, node: str) -> int:
        replacing = {
            directive.id
            for directive, replan, is_nested in self.replans
            if not REPLACING.isdisjoint(intents(directive, replan, is_nested=is_nested))
            and node in self.triggers(directive)
        }
        return len(replacing) * self.replans_each

    def _is_asked_about(self, node: str) -> bool:
        return any(
            asks_about_failures(directive, self.rails) and node in self.triggers(directive)
            for directive in self.directives
        )

    def _rewrites(self, node: str) -> int:
        asking: set[str] = set()
        targets: set[str] = set()
        for directive, replan, _ in self._rewriting:
            reaching = {target for target in self._rewritten(directive, replan) if node in self.reach[target]}
            if reaching:
                asking.add(directive.id)
                targets |= reaching
        return min(len(asking) * self.replans_each, len(targets) * self.rails.max_rewrites_per_node)

    @cached_property
    def _rewriting(self) -> tuple[tuple[Directive, Replan, bool], ...]:
        return tuple(
            (directive, replan, is_nested)
            for directive, replan, is_nested in self.replans
            if "rewrite" in intents(directive, replan, is_nested=is_nested)
        )

    @cached_property
    def _all_rewritten(self) -> tuple[str, ...]:
        found = (target for directive, replan, _ in self._rewriting for target in self._rewritten(directive, replan))
        return tuple(dict.fromkeys(found))

    def _rewritten(self, directive: Directive, replan: Replan) -> tuple[str, ...]:
        """Return what a rewrite can be of: the named node, the trigger, or its nearest execution ancestors."""
        if self._escalations:
            return self.ids
        if replan.target is not None:
            return tuple(node for node in (base_id(replan.target),) if node in self.nodes)
        triggers = self.triggers(directive)
        if directive.hears not in OUTCOMES or self._kinds_change:
            return tuple(node for node in self.ids if {node, *self.nodes[node].behind} & set(triggers))
        return tuple(dict.fromkeys(node for trigger in triggers for node in self._judged_by(trigger)))

    def _judged_by(self, trigger: str) -> Iterator[str]:
        if self.nodes[trigger].kind == "execution":
            yield trigger
            return
        upstream = [node for node in self.ids if trigger in self.nodes[node].behind]
        made = [node for node in upstream if self.nodes[node].kind == "execution"]
        yield from (node for node in made if not set(self.nodes[node].behind) & set(made))

    @cached_property
    def _escalations(self) -> int:
        asking = {directive.id for directive, replan, _ in self.replans if replan.intent == "escalate"}
        return len(asking) * self.replans_each

    def _matching(self, selector: Selector | None) -> tuple[str, ...]:
        """Return the nodes that a selector can match now or after a replan: derived ones, other capabilities."""
        if selector is None or self._escalations:
            return self.ids
        changes: dict[str, object] = {"node": base_id(selector.node) if selector.node else None}
        if self.replans:
            changes |= {"capability": None, "tags": ()}
            changes |= {"kind": None} if self._kinds_change else {}
        wanted = selector.model_copy(update=changes)
        return tuple(node.id for node in self.nodes.values() if wanted.matches(node))

    def _mask(self, nodes: Iterable[str]) -> int:
        wanted = set(nodes)
        return sum(1 << place for place, node in enumerate(self.ids) if node in wanted)

    def _members(self, mask: int) -> Iterator[str]:
        return (node for place, node in enumerate(self.ids) if mask >> place & 1)


def _kinds_differ(capabilities: Iterable[Capability]) -> bool:
    """Return whether a node can become one of another kind."""
    by_id = {capability.id: capability for capability in capabilities}
    swapped = (
        by_id[name].kind != capability.kind
        for capability in by_id.values()
        for name in capability.fallbacks
        if name in by_id
    )
    return any(swapped) or any("rewrite" in one.tags and one.kind != "execution" for one in by_id.values())


def _join(masks: dict[str, int], group: int, places: Mapping[str, int]) -> None:
    """Let all of a group reach what one of them reaches, and so whoever reaches one of them."""
    reached = group
    for node, place in places.items():
        if group >> place & 1:
            reached |= masks[node]
    for node, mask in masks.items():
        if mask & group:
            masks[node] = mask | reached
