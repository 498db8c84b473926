"""One signal, every directive that hears it, one outcome each: the decision of semantics 7, without its effects.

Rules, in this order:
1. Alone: disabled, opted_out, skipped, invalid, cooling_down, target_missing, exhausted; what is left is a candidate.
   The follow-up of an exhausted one is a candidate in its place.
2. `fail` acts alone; only emits still fire.
3. Else every `hitl` acts and supersedes replan and goto; a superseded cost replan waits in the inbox instead.
4. A `pause` supersedes nothing.
5. Else all `replan`s act together and supersede goto.
6. Else the first `goto` acts.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from flexes.ids import Instant
from flexes.policy.actions import Action, Emit, Fail, Goto, Hitl, Pause, Replan
from flexes.policy.context import Directive
from flexes.policy.evaluate import opted_out
from flexes.policy.signal import Signal, heard_by
from flexes.predicate.verdict import FALSE, Verdict
from flexes.run.guards import Outcome, Standing, standing
from flexes.run.records import PolicyCount
from flexes.run.signals import lookup_of
from flexes.run.state import State
from flexes.run.targets import replan_intent, replan_target

_FALSE: Final = Standing(FALSE.outcome, FALSE.reason)


class Judgement(NamedTuple):
    """What becomes of one directive that is more than skipped on a signal.

    Attributes:
        acts: Whether the standing's action takes effect now.
        postponed: Whether it waits in the inbox, to be judged again.
    """

    directive: Directive
    standing: Standing
    acts: bool = False
    postponed: bool = False


class Judged(NamedTuple):
    """What becomes of all directives that hear a signal, in total order.

    Attributes:
        outcomes: Directive id, outcome and reason of each, as SignalEvaluated stores them.
        judgements: Those that matched, with what each may do.
    """

    outcomes: tuple[tuple[str, str, str | None], ...]
    judgements: tuple[Judgement, ...]


def judged(state: State, signal: Signal, at: Instant) -> Judged:
    """Judge every directive that hears the signal."""
    heard = heard_by(state.context, signal)
    lookup = lookup_of(state, signal, at)
    verdicts = [test(lookup) for test in heard.tests]
    restrained = _is_restrained(state)
    if verdicts.count(FALSE) == len(verdicts) and not restrained:
        return Judged(heard.false, ())
    outcomes: list[tuple[str, str, str | None]] = []
    matched: dict[int, Judgement] = {}
    hitl_ahead = 0
    for directive, verdict in zip(heard.directives, verdicts, strict=True):
        held_back = _held_back(state, directive, signal) if restrained else None
        found = held_back or _tested(state, directive, verdict, at)
        if found.outcome == "matched":
            found = _with_breach(standing(state, directive, directive.action, "action", signal, hitl_ahead), found)
            hitl_ahead += isinstance(found.action, Hitl)
            matched[len(outcomes)] = Judgement(directive, found)
        outcomes.append((directive.id, found.outcome, found.reason))
    together = _together(list(matched.values()))
    for place, (directive, found, _, _) in zip(matched, together, strict=True):
        outcomes[place] = (directive.id, found.outcome, found.reason)
    return Judged(tuple(outcomes), together)


def _is_restrained(state: State) -> bool:
    """Return whether a flag or an opt-out may hold back any directive at all."""
    flags, plan = state.flags, state.plan
    if not (flags.predicates and flags.action_dispatcher and flags.replanning):
        return True
    return bool(state.context.overrides) or (plan is not None and plan.has_overrides)


def _held_back(state: State, directive: Directive, signal: Signal) -> Standing | None:
    flag = _flag_off(state, directive)
    if flag is not None:
        return Standing("disabled", f"the flag {flag} is off")
    for node_id in _concerned(state, directive, signal):
        out = opted_out(state.context, directive.id, state.seen(node_id), state.node_of(node_id).policy_overrides)
        if out is not None:
            return Standing("opted_out", out.rationale)
    return None


def _flag_off(state: State, directive: Directive) -> str | None:
    flags, action = state.flags, directive.action
    if not flags.predicates and directive.authored_when:
        return "predicates"
    if not flags.action_dispatcher and not isinstance(action, Replan):
        return "action_dispatcher"
    if not flags.replanning and isinstance(action, Replan):
        return "replanning"
    return None


def _concerned(state: State, directive: Directive, signal: Signal) -> list[str]:
    """Return the nodes that may opt out: the signal's, and the one that would be rewritten."""
    node = signal.node.id if signal.node else None
    found = [] if node is None else [node]
    if isinstance(directive.action, Replan):
        intent = replan_intent(directive.action, signal)
        target = replan_target(state, directive.action, intent, node)
        found += [target] if target is not None and target != node else []
    return found


def _tested(state: State, directive: Directive, verdict: Verdict, at: Instant) -> Standing:
    if verdict is FALSE:
        return _FALSE
    if verdict.outcome != "matched":
        return Standing(verdict.outcome, verdict.reason)
    until = state.policies.get(directive.id, PolicyCount()).cooldown_until_at
    if until is not None and at < until:
        return Standing("cooling_down", f"until {until}")
    return Standing("matched", verdict.reason or None)


def _with_breach(found: Standing, tested_standing: Standing) -> Standing:
    """Keep what the test said of a match, where the standing itself has nothing to say."""
    return found if found.reason is not None else found._replace(reason=tested_standing.reason)


def _together(alone: Sequence[Judgement]) -> tuple[Judgement, ...]:
    kinds = [type(found.standing.action) for found in alone]
    if Fail in kinds:
        first = kinds.index(Fail)
        winner = alone[first].directive.id
        return tuple(
            _acting(found) if place == first or kinds[place] is Emit else _superseded(found, winner)
            for place, found in enumerate(alone)
        )
    leader = Hitl if Hitl in kinds else Replan if Replan in kinds else Goto
    winner = alone[kinds.index(leader)].directive.id if leader in kinds else ""
    together: list[Judgement] = []
    for place, found in enumerate(alone):
        together.append(_placed(found, kinds[place], leader, winner))
    return tuple(together)


def _placed(found: Judgement, kind: type[Action | None], leader: type[Action], winner: str) -> Judgement:
    if kind in (Emit, Pause, Hitl) or (kind is leader and (kind is Replan or found.directive.id == winner)):
        return _acting(found)
    if leader is Hitl and kind is Replan and found.directive.policy_class == "cost":
        return _superseded(found, winner)._replace(postponed=True)
    return _superseded(found, winner)


def _acting(found: Judgement) -> Judgement:
    return found._replace(acts=found.standing.action is not None)


def _superseded(found: Judgement, winner: str) -> Judgement:
    """Return the judgement as superseded; an exhausted one stays exhausted, its follow-up does not act."""
    if found.standing.outcome != "matched":
        return found
    outcome: Outcome = "superseded"
    return found._replace(standing=Standing(outcome, f"by {winner}"))
