"""The hybrid handshake with the planner: ask, check the answer, accept it or feed the faults back (semantics 9).

Rules:
1. Only an accepted answer changes the plan; execution never does.
2. A refused answer, an exception, a timeout or garbage uses an attempt; the next request carries the diagnostics.
3. A decline, or the last attempt used, ends the handshake: a run without a plan fails, else every directive that asked
   gets its `onUnresolved`, else `onLimit`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, assert_never

from flexes.errors import StalePlanVersion
from flexes.ids import derived_id
from flexes.plan.contracts import compiled_contracts, facet_arrays
from flexes.plan.handshake import Crashed, Decline, Delta, Diagnostic, Draft, applied
from flexes.plan.plan import Plan
from flexes.plan.validate import delta_diagnostics, draft_diagnostics
from flexes.policy.actions import Replan
from flexes.policy.context import Directive
from flexes.policy.signal import Signal
from flexes.run import events as ev
from flexes.run.commands import AnswerPlanner
from flexes.run.commit import Commit
from flexes.run.outstanding import progress
from flexes.run.records import Handshake
from flexes.run.state import State
from flexes.run.targets import replan_intent

_RAILS: Final = frozenset({"oscillation", "no_change", "rewrite_limit"})
"""Diagnostics that are guard rails: they keep plans from going round in circles."""


def intent_of(state: State, directive: Directive, action: Replan, signal: Signal, target: str | None) -> dict[str, Any]:
    """Return what a replan action wants of the planner, as the request stores it; of two caps only a breached one."""
    per_node = signal.node.cost if signal.node else None
    found = {
        "directive": directive.id,
        "intent": replan_intent(action, signal),
        "node": signal.node.id if signal.node else None,
        "attempt": signal.node.attempt if signal.node else None,
        "target": target,
        "rationale": action.rationale,
        "timedOut": signal.kind == "timeout" or signal.timed_out,
        "capTotal": _breached(state.cost_projected, directive.cap_total),
        "capPerNode": _breached(per_node, directive.cap_per_node),
    }
    return {key: value for key, value in found.items() if value is not None}


def _breached(amount: float | None, cap: float | None) -> float | None:
    return cap if cap is not None and amount is not None and amount > cap else None


def open_handshake(commit: Commit, intents: Sequence[Mapping[str, Any]]) -> None:
    """Ask the planner: for the first plan without intents, else for a delta."""
    number = commit.state.replans + 1 if commit.state.plan is not None else 0
    _ask(commit, number, 1, intents, ())


def answered(commit: Commit, command: AnswerPlanner) -> list[tuple[str, str]]:
    """Record the answer; return (directive, reason) of those that the planner could not help.

    Raises:
        StalePlanVersion: The request is not the open one.
    """
    shake = commit.state.handshake
    if shake is None or shake.request_id != command.request_id:
        raise StalePlanVersion(
            "this planner request is not open any more; answer the one that outstanding() names",
            request_id=command.request_id,
        )
    match command.answer:
        case Draft() | Delta():
            return _offered(commit, shake, command.answer)
        case Decline():
            return _declined(commit, shake, command.answer)
        case Crashed():
            return _refused(commit, shake, command.answer, (_crash(command.answer),))
        case _:
            assert_never(command.answer)


def document_of(answer: Draft | Delta | Decline | Crashed) -> dict[str, Any]:
    """Return an answer as it is stored: what the planner gave, nothing more."""
    return {
        "type": answer.type,
        **answer.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"type"}),
    }


def _ask(
    commit: Commit,
    number: int,
    attempt: int,
    intents: Sequence[Mapping[str, Any]],
    diagnostics: Sequence[Mapping[str, Any]],
) -> None:
    commit.append(
        ev.PlanRequested,
        request_id=derived_id(commit.state.run_id, "plan", number, attempt),
        attempt=attempt,
        base_version=commit.state.plan_version,
        intents=tuple(intents),
        diagnostics=tuple(diagnostics),
    )


def _offered(commit: Commit, shake: Handshake, answer: Draft | Delta) -> list[tuple[str, str]]:
    found = _diagnostics(commit, shake, answer)
    if any(diagnostic.severity == "error" for diagnostic in found):
        return _refused(commit, shake, answer, found)
    warnings = tuple(diagnostic.wire() for diagnostic in found)
    if isinstance(answer, Draft):
        _accept_draft(commit, shake, answer, warnings)
        return []
    _accept_delta(commit, shake, answer, warnings)
    return [(unanswered.directive, unanswered.reason) for unanswered in answer.unanswered]


def _diagnostics(commit: Commit, shake: Handshake, answer: Draft | Delta) -> tuple[Diagnostic, ...]:
    state = commit.state
    inputs = frozenset(state.envelope.get("inputs", {}))
    policies = state.context.planner
    if state.plan is None and isinstance(answer, Draft):
        return draft_diagnostics(
            answer, state.catalog, inputs, state.contract, policies, known_policies=frozenset(state.context.by_id)
        )
    if state.plan is not None and isinstance(answer, Delta):
        return delta_diagnostics(
            answer,
            state.plan,
            progress(state),
            state.taken_away,
            _replaceable(state, shake),
            state.catalog,
            inputs,
            state.contract,
            policies,
            shake.base_version,
            max_rewrites_per_node=state.context.guard_rails.max_rewrites_per_node,
            known_policies=frozenset(state.context.by_id),
        )
    wanted = "a draft: {nodes: [...]}" if state.plan is None else "a delta: {add, replace, remove}"
    return (Diagnostic(code="wrong_answer", message=f"the planner was asked for {wanted}"),)


def _replaceable(state: State, shake: Handshake) -> frozenset[str]:
    """Return the nodes that ran over their time and still do, in the attempt that was asked about."""
    late = [intent for intent in shake.intents if intent.get("timedOut") and intent["node"] in state.running]
    return frozenset(intent["node"] for intent in late if state.nodes[intent["node"]].attempt == intent["attempt"])


def _accept_draft(commit: Commit, shake: Handshake, draft: Draft, warnings: tuple[dict[str, Any], ...]) -> None:
    state = commit.state
    plan = Plan(version=1, nodes=draft.nodes)
    commit.append(
        ev.PlanGenerated,
        request_id=shake.request_id,
        draft=document_of(draft),
        rationale=draft.rationale,
        facets=tuple(facet_arrays(plan, state.catalog)),
        contracts=compiled_contracts(plan, state.catalog, state.contract),
        diagnostics=warnings,
    )


def _accept_delta(commit: Commit, shake: Handshake, delta: Delta, warnings: tuple[dict[str, Any], ...]) -> None:
    state = commit.state
    assert state.plan is not None
    version = state.plan.version + 1
    plan = Plan(version=version, nodes=applied(state.plan, delta))
    unanswered = {found.directive for found in delta.unanswered}
    asked = dict.fromkeys(intent["directive"] for intent in shake.intents)
    commit.append(
        ev.PlanUpdated,
        request_id=shake.request_id,
        previous_version=state.plan.version,
        new_version=version,
        delta=document_of(delta),
        rationale=delta.rationale
        or "; ".join(str(intent.get("rationale") or intent["intent"]) for intent in shake.intents),
        triggers=tuple(directive for directive in asked if directive not in unanswered),
        unanswered=tuple(found.wire() for found in delta.unanswered),
        facets=tuple(facet_arrays(plan, state.catalog)),
        contracts=compiled_contracts(plan, state.catalog, state.contract),
        diagnostics=warnings,
    )


def _declined(commit: Commit, shake: Handshake, answer: Decline) -> list[tuple[str, str]]:
    declined = Diagnostic(code="declined", message=answer.reason)
    _reject(commit, shake, answer, (declined,), declined=True)
    return _unresolved(shake, f"the planner declined: {answer.reason}")


def _refused(
    commit: Commit, shake: Handshake, answer: Draft | Delta | Crashed, found: tuple[Diagnostic, ...]
) -> list[tuple[str, str]]:
    _reject(commit, shake, answer, found, declined=False)
    for rail in dict.fromkeys(diagnostic.code for diagnostic in found if diagnostic.code in _RAILS):
        commit.append(ev.GuardRailTripped, rail=rail, follow_up="reject")
    limit = commit.state.context.guard_rails.max_planner_attempts
    if shake.attempt < limit:
        number = commit.state.replans if commit.state.plan is not None else 0
        faults = tuple(diagnostic.wire() for diagnostic in found)
        _ask(commit, number, shake.attempt + 1, shake.intents, faults)
        return []
    first = next(diagnostic for diagnostic in found if diagnostic.severity == "error")
    commit.append(ev.GuardRailTripped, rail="maxPlannerAttempts", limit=limit)
    return _unresolved(shake, f"maxPlannerAttempts {limit} reached; last fault: {first.message}")


def _reject(
    commit: Commit,
    shake: Handshake,
    answer: Draft | Delta | Decline | Crashed,
    found: tuple[Diagnostic, ...],
    *,
    declined: bool,
) -> None:
    commit.append(
        ev.PlanRejected,
        request_id=shake.request_id,
        attempt=shake.attempt,
        declined=declined,
        answer=document_of(answer),
        diagnostics=tuple(diagnostic.wire() for diagnostic in found),
    )


def _unresolved(shake: Handshake, reason: str) -> list[tuple[str, str]]:
    """Return every directive that asked, with the reason; one without a name stands for the first plan."""
    return [(directive, reason) for directive in dict.fromkeys(i["directive"] for i in shake.intents)] or [("", reason)]


def _crash(answer: Crashed) -> Diagnostic:
    return Diagnostic(code=answer.code, message=answer.reason)
