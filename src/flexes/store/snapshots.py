"""Snapshots: the folded state as bytes, derived and disposable.

A snapshot carries the schema version of the state and is ignored when it differs; it never needs an upcaster.
The run's own documents (envelope, context, catalog, plan) are kept as the JSON that they are.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from immutables import Map
from pydantic import TypeAdapter, ValidationError

from flexes.envelope.capability import Catalog
from flexes.envelope.contract import OutputContract
from flexes.plan.plan import Plan
from flexes.policy.context import PolicyContext
from flexes.run.commands import Flags
from flexes.run.persistent import FacetWrite, writes
from flexes.run.records import (
    CommandSeen,
    Ending,
    Handshake,
    HumanRequest,
    NodeState,
    PlanVersion,
    PolicyCount,
    RemovedNode,
    Timer,
)
from flexes.run.state import State
from flexes.store.port import Snapshot

STATE_SCHEMA: Final = 1
"""Version of the state's shape; raise it whenever State or one of its parts changes."""

_BEYOND_64_BITS: Final = ("spent_nano", "estimate_nano")
_CONTRACT: TypeAdapter[Any] = TypeAdapter(OutputContract)


def snapshot_of(state: State) -> Snapshot:
    """Return the state as a snapshot."""
    fields = {name: getattr(state, name) for name in State.model_fields}
    fields["facets"] = {name: [list(write[:-1]) for write in writes(newest)] for name, newest in state.facets.items()}
    fields |= {name: str(fields[name]) for name in _BEYOND_64_BITS}
    return Snapshot(state.run_id, state.version, STATE_SCHEMA, orjson.dumps(fields, default=_plain))


def restored(snapshot: Snapshot) -> State | None:
    """Return the state, or None where another release, or a broken disk, wrote the snapshot."""
    if snapshot.schema != STATE_SCHEMA:
        return None
    try:
        fields = orjson.loads(snapshot.data)
        return State.model_construct(**{name: _restore(name, value) for name, value in fields.items()})
    except (ValueError, TypeError, KeyError, AttributeError, ValidationError):
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, Map):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    return value.model_dump(mode="json", by_alias=True)


def _restore(name: str, value: Any) -> Any:
    return _RESTORE[name](value) if name in _RESTORE and value is not None else value


def _facet(found: list[list[Any]]) -> FacetWrite | None:
    chain: FacetWrite | None = None
    for fields in reversed(found):
        value, node, attempt, plan_version, version, by = fields
        chain = FacetWrite(value, node, attempt, plan_version, version, by, chain)
    return chain


def _map(item: Callable[[Any], Any]) -> Callable[[Mapping[str, Any]], Map[str, Any]]:
    return lambda found: Map({key: item(value) for key, value in found.items()})


def _each(item: Callable[[Any], Any]) -> Callable[[list[Any]], tuple[Any, ...]]:
    return lambda found: tuple(item(value) for value in found)


def _same(value: Any) -> Any:
    return value


def _node(fields: list[Any]) -> NodeState:
    node = NodeState(*fields)
    unanswered = tuple((attempt, capability) for attempt, capability in node.unanswered)
    return node._replace(edited=tuple(node.edited), unanswered=unanswered)


def _handshake(fields: list[Any]) -> Handshake:
    shake = Handshake(*fields)
    return shake._replace(intents=tuple(shake.intents), diagnostics=tuple(shake.diagnostics))


def _plan_version(fields: list[Any]) -> PlanVersion:
    version, triggers, rationale = fields
    return PlanVersion(version, tuple(triggers), rationale)


_RESTORE: Mapping[str, Callable[[Any], Any]] = {
    "contract": _CONTRACT.validate_python,
    "context": PolicyContext.model_validate,
    "catalog": Catalog.model_validate,
    "flags": Flags.model_validate,
    "ending": lambda fields: Ending(*fields),
    "plan": Plan.model_validate,
    "plan_versions": _each(_plan_version),
    "handshake": _handshake,
    "nodes": _map(_node),
    "removed": _map(lambda fields: RemovedNode(_node(fields[0]), fields[1])),
    "ready": _map(_same),
    "running": _map(_same),
    "failed": _map(_same),
    "facets": _map(_facet),
    "timers": _each(lambda fields: Timer(*fields)),
    "inbox": tuple,
    "requests": _map(lambda fields: HumanRequest(*fields)),
    "open_requests": tuple,
    "policies": _map(lambda fields: PolicyCount(*fields)),
    "spent_nano": int,
    "estimate_nano": int,
    "rewrites": _map(_same),
    "taken_away": tuple,
    "commands": _map(lambda fields: CommandSeen(*fields)),
}
