"""The built-in planner: deterministic, without a model; same request, same answer (semantics 9)."""

from flexes.plan.drafting import drafted
from flexes.plan.handshake import Decline, Delta, Draft, PlannerRequest


def plan_answer(request: PlannerRequest) -> Draft | Delta | Decline:
    """Return the first plan, a change that answers the intents, or why there is neither."""
    return drafted(request) if request.plan is None else Decline(reason="replanning is not built yet")
