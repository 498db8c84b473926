"""The inbox: signals and actions that arrive while the run is not running wait their turn, oldest first (semantics 7).

Rules:
1. Something that arrives while the run is running and nothing waits is evaluated in its own commit.
2. All else is deferred, and taken by the commit that returns the run to running, until an action leaves it again.
3. An item about an attempt that is no longer current is dropped when taken.
"""

from typing import Literal

from flexes.envelope.model import Model

ItemKind = Literal["outcome", "outside", "manual", "timer", "feedback", "action", "start"]
ActionSource = Literal["runtime", "hitl.approve", "hitl.reject", "hitl.timeout", "manual"]


class Item(Model, frozen=True):
    """One signal to evaluate, or one action of a decided request to carry out.

    Attributes:
        id: Names the signal in every SignalEvaluated about it: `signal-` and the version of its fact.
        directive: The only directive that hears it: a timer's, a manual trigger's, a postponed cost replan's.
        request_id: For an action and for feedback: the decided request.
        source: For an action: which side of the decision it is.
        metrics: For an outside signal: what was measured; None for any other.
    """

    id: str
    kind: ItemKind
    node: str | None = None
    attempt: int = 0
    directive: str | None = None
    request_id: str | None = None
    source: ActionSource | None = None
    metrics: dict[str, float] | None = None
