"""The built-in planner: deterministic, without a model; same request, same answer (semantics 9).

Rules:
1. Intents are answered in order, each over the plan as the earlier ones left it; together they are one delta.
2. Of the changes that would answer an intent the first that breaks no rule of validation is taken.
3. It is not taken if it re-breaches the cap of an earlier intent, whether or not that one could be helped.
4. An intent without an answer is unanswered, with the reason; if all are, the planner declines.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from flexes.plan.drafting import drafted
from flexes.plan.escalate import escalate
from flexes.plan.fallback import fallback
from flexes.plan.handshake import Decline, Delta, Diagnostic, Draft, PlannerRequest, ReplanIntent, Unanswered
from flexes.plan.plan import Plan
from flexes.plan.rewrite import rewrite
from flexes.plan.swap import swap
from flexes.plan.validate import delta_diagnostics, errors_of
from flexes.plan.working import Change, Options, Working
from flexes.policy.actions import Intent

ANSWERS: Final[Mapping[Intent, Callable[[ReplanIntent, Working], Options]]] = {
    "rewrite": rewrite,
    "fallback": fallback,
    "swap": swap,
    "escalate": escalate,
}


def plan_answer(request: PlannerRequest) -> Draft | Delta | Decline:
    """Return the first plan, a change that answers the intents, or why there is neither."""
    return drafted(request) if request.plan is None else _replanned(request, request.plan)


def _replanned(request: PlannerRequest, plan: Plan) -> Delta | Decline:
    working = Working(request, plan, plan)
    unanswered: list[Unanswered] = []
    reasons: list[str] = []
    for place, intent in enumerate(request.intents):
        answer = _answer(intent, working, request.intents[:place])
        if isinstance(answer, str):
            unanswered.append(Unanswered(directive=intent.directive, reason=answer))
        else:
            working = working.after(answer)
            reasons.append(_because(intent, answer))
    if len(unanswered) == len(request.intents):
        return Decline(reason=_joined(unanswered))
    return working.delta("; ".join(reasons), tuple(unanswered))


def _answer(intent: ReplanIntent, working: Working, earlier: Sequence[ReplanIntent]) -> Change | str:
    """Return the change that answers the intent, or why there is none."""
    options = ANSWERS[intent.intent](intent, working)
    faults: list[str] = []
    for change in options.changes:
        fault = _fault(change, working)
        if fault is None:
            return _breaches(change, working, earlier) or change
        faults.append(fault)
    return faults[0] if faults else options.otherwise


def _fault(change: Change, working: Working) -> str | None:
    """Return the first rule that the delta would break with the change."""
    if not change.put and not change.drop:
        return None if working.put else "the plan already is as asked for: there is nothing to change"
    findings = errors_of(_findings(working.after(change)))
    return f"{findings[0].code}: {findings[0].message}" if findings else None


def _breaches(change: Change, working: Working, earlier: Sequence[ReplanIntent]) -> str | None:
    after = working.after(change)
    return next((breach for intent in earlier if (breach := _breach(intent, working, after))), None)


def _breach(cap: ReplanIntent, before: Working, after: Working) -> str | None:
    """Return how the change breaks the cap of an earlier intent."""
    projection = after.projection
    if cap.cap_total is not None and projection > max(cap.cap_total, before.projection):
        return f"it would cost {projection:g} in total, above the cap of {cap.cap_total:g} of '{cap.directive}'"
    if cap.cap_per_node is not None and (node := _dear_node(cap.cap_per_node, before, after)):
        return f"'{node}' would cost more than the cap of {cap.cap_per_node:g} of '{cap.directive}'"
    return None


def _dear_node(cap: float, before: Working, after: Working) -> str | None:
    for node in after.plan.nodes:
        known = before.plan.by_id.get(node.id)
        capability = after.capability(node)
        if capability and capability.cost > cap and (known is None or known.capability != node.capability):
            return node.id
    return None


def _findings(after: Working) -> tuple[Diagnostic, ...]:
    request = after.request
    return delta_diagnostics(
        after.delta(),
        after.base,
        request.progress,
        request.taken_away,
        [intent.node for intent in request.intents if intent.timed_out and intent.node],
        request.catalog,
        request.inputs,
        request.contract,
        request.policies,
        after.base.version,
        max_rewrites_per_node=request.max_rewrites_per_node,
    )


def _because(intent: ReplanIntent, change: Change) -> str:
    done = change.why or f"{intent.intent} is answered by the same change"
    return f"{intent.directive}: {done}" + (f" ({intent.rationale})" if intent.rationale else "")


def _joined(unanswered: Sequence[Unanswered]) -> str:
    if not unanswered:
        return "the request asks for nothing"
    return "; ".join(f"{one.directive}: {one.reason}" for one in unanswered)
