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
from flexes.policy.signal import Validation
from flexes.run.commands import Failure, Result
from flexes.run.effects import InvokeCapability
from flexes.shell.clock import Clock
from flexes.shell.registry import CapabilityRegistry, NodeContext, NodeResult
from flexes.shell.threads import in_thread

MAX_ERROR = 4_000
"""Longest text of a foreign error that is recorded."""

_NOT_ITS_OWN = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt)
"""What reaches foreign code from outside and is not its answer."""

Planner = Callable[[PlannerRequest], Any]
"""Any callable, async or not, that answers with Draft, Delta, Decline, or a dict of one of these shapes."""


async def invoke(
    registry: CapabilityRegistry, clock: Clock, effect: InvokeCapability, run_id: str, envelope: Mapping[str, Any]
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
    except _NOT_ITS_OWN:
        raise
    except BaseException as error:  # foreign code: whatever it raises is its outcome, not ours
        return failure_of(error, _measured_ms(clock, started))
    return result_of(returned, _measured_ms(clock, started))


def failure_of(error: BaseException, measured_ms: float | None) -> Failure:
    """Return what a capability raised as an outcome; only a NodeError says whether to retry and what it cost."""
    if not isinstance(error, NodeError):
        return Failure(error=described(error), latency_ms=measured_ms)
    document = {"error": error.message, "retryable": error.retryable, "cost": error.cost, "latencyMs": measured_ms}
    try:
        return Failure.model_validate(document)
    except ValidationError as fault:
        faults = _faults(fault, document)
        return Failure(code="bad_result", error=f"raised a NodeError that cannot be recorded: {faults}")


def result_of(returned: object, measured_ms: float | None) -> Result | Failure:
    """Return what a capability returned as an outcome; neither a NodeResult nor a dict of outputs is a failure."""
    document: dict[str, Any] = {}
    try:
        document = _document(returned, measured_ms)
        return Result.model_validate(document)
    except ValidationError as error:
        message = f"the result cannot be recorded: {_faults(error, document)}"
    except (TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        message = f"the result cannot be recorded: {described(error)}"
    return Failure(code="bad_result", error=message, latency_ms=measured_ms)


def described(error: BaseException) -> str:
    """Return an exception as text that can be stored, whatever its own text is."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # its __str__ is foreign code too
        text = type(error).__name__
    return text.encode("utf-8", "backslashreplace").decode()[:MAX_ERROR]


async def ask_planner(planner: Planner, request: PlannerRequest, timeout_s: float) -> Draft | Delta | Decline | Crashed:
    """Ask a planner; an exception, a timeout or garbage is an answer too."""
    try:
        async with asyncio.timeout(timeout_s):
            returned = await _called(planner, request)
    except TimeoutError:
        return Crashed(code="planner_timeout", reason=f"no answer within {timeout_s:g} s")
    except _NOT_ITS_OWN:
        raise
    except BaseException as error:  # foreign code: whatever it raises is a rejected attempt
        return Crashed(code="planner_error", reason=described(error))
    return answer_of(returned)


def answer_of(returned: object) -> Draft | Delta | Decline | Crashed:
    """Return what a planner returned as an answer; garbage as such, a model that was never validated included."""
    document: dict[str, Any] = {}
    try:
        document = {"answer": _answer_document(returned)}
        return PlannerAnswer.model_validate(document).answer
    except ValidationError as error:
        return Crashed(code="planner_garbage", reason=_faults(error, document))
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        return Crashed(code="planner_garbage", reason=described(error))


def _measured_ms(clock: Clock, started: float) -> float:
    """Return the milliseconds since then, to the microsecond; the digits below would be noise in every event."""
    return round((clock.elapsed_s() - started) * 1000, 3)


def _document(returned: object, measured_ms: float | None) -> dict[str, Any]:
    if isinstance(returned, NodeResult):
        latency = measured_ms if returned.latency_ms is None else returned.latency_ms
        return {
            "outputs": _plain(returned.outputs),
            "metrics": _numbers(returned.metrics),
            "cost": _number(returned.cost),
            "latencyMs": _number(latency),
            "validation": _plain(returned.validation),
        }
    if isinstance(returned, Mapping):
        return {"outputs": dict(returned), "latencyMs": measured_ms}
    raise TypeError(f"returned {type(returned).__name__}; return a NodeResult or a dict of the output facets")


def _answer_document(returned: object) -> dict[str, Any]:
    if isinstance(returned, (Draft, Delta, Decline, Crashed)):
        dumped = returned.model_dump(by_alias=True, exclude_unset=True, warnings="none")
        return {**dumped, "type": returned.type}
    if isinstance(returned, Mapping):
        return dict(returned)
    kind = type(returned).__name__
    raise TypeError(f"returned {kind}; return a Draft, a Delta, a Decline or a dict of one of them")


def _faults(error: ValidationError, document: object) -> str:
    try:
        text = "; ".join(str(problem) for problem in problems(error, document)[:3])
    except RecursionError:
        text = "nested too deep"
    return text.encode("utf-8", "backslashreplace").decode()[:MAX_ERROR]


async def _called(function: Callable[[Any], Any], argument: Any) -> Any:
    """Await a coroutine function; run any other in a thread, so that it cannot hold up the others."""
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        return await function(argument)
    returned = await in_thread(function, argument)
    return await returned if inspect.isawaitable(returned) else returned


def _plain(value: Any) -> Any:
    """Return what validation takes; what is neither a model nor a mapping is for validation to refuse."""
    if isinstance(value, Validation):
        return value.model_dump(warnings="none")
    return dict(value) if isinstance(value, Mapping) else value


def _numbers(metrics: Any) -> Any:
    return {name: _number(value) for name, value in metrics.items()} if isinstance(metrics, Mapping) else metrics


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
