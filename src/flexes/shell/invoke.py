"""Calling what may do anything, a capability or a planner, and always getting a value back.

Whatever it raises or returns becomes an outcome that the run can record; only cancellation passes through.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from flexes.errors import NodeError
from flexes.plan.handshake import Crashed, Decline, Delta, Draft, PlannerAnswer, PlannerRequest
from flexes.policy.problems import problems
from flexes.run.commands import Failure, Result
from flexes.run.effects import InvokeCapability
from flexes.shell.clock import Clock
from flexes.shell.registry import CapabilityRegistry, NodeContext, NodeResult

Planner = Callable[[PlannerRequest], Any]
"""Any callable, async or not, that answers with Draft, Delta, Decline, or a dict of one of these shapes."""


async def invoke(
    registry: CapabilityRegistry,
    clock: Clock,
    effect: InvokeCapability,
    run_id: str,
    envelope: Mapping[str, Any],
) -> Result | Failure:
    """Run a capability for one attempt; a failure says whether it may be tried again."""
    implementation = registry.implementation(effect.capability_id)
    if implementation is None:
        error = f"no implementation of capability {effect.capability_id!r} is registered in this process"
        return Failure(code="capability_unavailable", error=error)
    context = NodeContext(
        run_id, effect.node_id, effect.attempt, effect.operation_id, effect.inputs, effect.previous, envelope
    )
    started = clock.elapsed_s()
    try:
        returned = await _called(implementation, context)
    except NodeError as error:
        measured = (clock.elapsed_s() - started) * 1000
        return Failure(error=error.message, retryable=error.retryable, cost=error.cost, latency_ms=measured)
    except Exception as error:  # a capability is foreign code: whatever it raises is its outcome, not ours
        measured = (clock.elapsed_s() - started) * 1000
        return Failure(error=f"{type(error).__name__}: {error}", latency_ms=measured)
    return result_of(returned, (clock.elapsed_s() - started) * 1000)


def result_of(returned: object, measured_ms: float | None) -> Result | Failure:
    """Return what a capability returned as an outcome; neither a NodeResult nor a dict of outputs is a failure."""
    if isinstance(returned, NodeResult):
        latency = measured_ms if returned.latency_ms is None else returned.latency_ms
        document: dict[str, Any] = {
            "outputs": dict(returned.outputs),
            "metrics": {name: _number(value) for name, value in returned.metrics.items()},
            "cost": _number(returned.cost),
            "latencyMs": _number(latency),
            "validation": returned.validation,
        }
    elif isinstance(returned, Mapping):
        document = {"outputs": dict(returned), "latencyMs": measured_ms}
    else:
        error = f"returned {type(returned).__name__}; return a NodeResult or a dict of the output facets"
        return Failure(code="bad_result", error=error, latency_ms=measured_ms)
    try:
        return Result.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(str(problem) for problem in problems(error, document)[:3])
        return Failure(code="bad_result", error=f"the result cannot be recorded: {faults}", latency_ms=measured_ms)


async def ask_planner(planner: Planner, request: PlannerRequest, timeout_s: float) -> Draft | Delta | Decline | Crashed:
    """Ask a planner; an exception, a timeout or garbage is an answer too."""
    try:
        async with asyncio.timeout(timeout_s):
            returned = await _called(planner, request)
    except TimeoutError:
        return Crashed(code="planner_timeout", reason=f"no answer within {timeout_s:g} s")
    except Exception as error:  # a planner is foreign code: whatever it raises is a rejected attempt
        return Crashed(code="planner_error", reason=f"{type(error).__name__}: {error}")
    return answer_of(returned)


def answer_of(returned: object) -> Draft | Delta | Decline | Crashed:
    """Return what a planner returned as an answer; garbage as such."""
    if isinstance(returned, (Draft, Delta, Decline, Crashed)):
        return returned
    if not isinstance(returned, Mapping):
        reason = f"returned {type(returned).__name__}; return a Draft, a Delta, a Decline or a dict of one of them"
        return Crashed(code="planner_garbage", reason=reason)
    document = {"answer": dict(returned)}
    try:
        return PlannerAnswer.model_validate(document).answer
    except ValidationError as error:
        faults = "; ".join(str(problem) for problem in problems(error, document)[:3])
        return Crashed(code="planner_garbage", reason=faults)


async def _called(function: Callable[[Any], Any], argument: Any) -> Any:
    """Await a coroutine function; run any other in a thread, so that it cannot hold up the others."""
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        return await function(argument)
    returned = await asyncio.to_thread(function, argument)
    return await returned if inspect.isawaitable(returned) else returned


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
