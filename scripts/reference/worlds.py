"""Runs in every status, made by really giving commands."""

from collections.abc import Callable
from typing import Any, Final

from scripts.reference.moves import STATUSES
from tests.unit.view.runs import COPY, REPORT, Run, on_node

from flexes.run import commands as cmd
from flexes.run.lifecycle import Status
from flexes.run.state import State

DIRECTIVES: Final[list[dict[str, Any]]] = [
    {"id": "ask", "trigger": {"kind": "manual"}, "action": {"type": "hitl", "timeoutMs": 60_000}},
    {"id": "replan", "trigger": {"kind": "manual"}, "action": {"type": "replan"}},
    {"id": "stop", "trigger": {"kind": "manual"}, "action": {"type": "fail"}},
    {"id": "hear", "trigger": {"kind": "manual"}, "action": {"type": "emit", "event": "heard"}},
    {"id": "slow", "trigger": {**on_node("A", "onTimeout"), "ms": 1000.0}, "action": {"type": "emit", "event": "slow"}},
]


def worlds() -> dict[Status, list[State]]:
    """Return states of real runs by status: open ones, the same paused, failed and cancelled, and completed ones."""
    histories: list[Callable[[], Run]] = [
        lambda: Run(*DIRECTIVES),
        lambda: Run(*DIRECTIVES).planned(),
        lambda: Run(*DIRECTIVES).planned().ran("A", COPY),
        lambda: _fired(Run(*DIRECTIVES).planned(), "ask"),
        lambda: _fired(Run(*DIRECTIVES).planned(), "ask").decided("approve"),
        lambda: _fired(_fired(Run(*DIRECTIVES).planned(), "ask").decided("approve").ran("A", COPY), "ask"),
        lambda: _fired(_fired(Run(*DIRECTIVES).planned(), "ask").decided("approve").ran("A", COPY), "replan"),
        lambda: _fired(Run(*DIRECTIVES).planned(), "replan"),
    ]
    open_runs = [history().now for history in histories]
    after = [
        *(history().do(cmd.PauseRun).now for history in histories),
        *(history().do(cmd.CancelRun).now for history in histories),
        *(_fired(history(), "stop").now for history in histories),
        _fired(Run(*DIRECTIVES).planned(), "ask").decided("approve").ran("A", COPY).ran("B", REPORT).now,
    ]
    found: dict[Status, list[State]] = {status: [] for status in STATUSES}
    for state in [*open_runs, *after]:
        found[state.status].append(state)
    return found


def _fired(run: Run, policy_id: str) -> Run:
    return run.do(cmd.TriggerPolicy, policy_id=policy_id, actor="ops")
