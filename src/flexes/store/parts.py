"""The parts of a state as JSON and back, each by itself, so that only those that are looked at are read.

A part is a field of the state. What a run has thousands of (nodes, writes, commands) is kept in columns.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from immutables import Map
from pydantic import TypeAdapter

from flexes.envelope.capability import Catalog
from flexes.envelope.contract import OutputContract
from flexes.plan.plan import Origin, Plan, PlanNode, PolicyOverrides
from flexes.policy.context import PolicyContext
from flexes.run.commands import Flags
from flexes.run.records import (
    CommandSeen,
    Ending,
    Handshake,
    HumanRequest,
    PlanVersion,
    PolicyCount,
    Tally,
    Timer,
)
from flexes.run.trusted import trusted
from flexes.store.columns import columns, records
from flexes.store.logged import Log
from flexes.store.node_parts import (
    packed_facets,
    packed_nodes,
    packed_removed,
    unpacked_facets,
    unpacked_nodes,
    unpacked_removed,
)

_PLAIN_FIELDS: Final = tuple(name for name in PlanNode.model_fields if name not in ("policy_overrides", "origin"))
_CONTRACT: TypeAdapter[Any] = TypeAdapter(OutputContract)


class Part(NamedTuple):
    """How one field of the state becomes JSON, and is made of it again."""

    pack: Callable[[Any], Any]
    unpack: Callable[[Any], Any]


def packed(name: str, value: Any) -> Any:
    """Return a field of the state as JSON."""
    return _LOGGED[name][0](value) if name in _LOGGED else _PARTS[name].pack(value)


def unpacked(name: str, found: Any, log: Log) -> Any:
    """Return the field again."""
    return _LOGGED[name][1](found, log) if name in _LOGGED else _PARTS[name].unpack(found)


def _pack_plan(plan: Plan) -> Any:
    origins = {node.origin.version: node.origin for node in plan.nodes if node.origin is not None}
    return [plan.version, [origin.wire() for origin in origins.values()], columns(map(_plan_node, plan.nodes))]


def _plan_node(node: PlanNode) -> list[Any]:
    origin, overrides = node.origin, node.policy_overrides
    given = " ".join(name for name in PlanNode.model_fields if name in node.model_fields_set)
    beside = (origin and origin.version, overrides and overrides.wire(), given)
    return [*(getattr(node, name) for name in _PLAIN_FIELDS), *beside]


def _unpack_plan(found: Any) -> Plan:
    version, documents, held = found
    origins = {document["version"]: Origin.model_validate(document) for document in documents}
    nodes = []
    for *plain, origin, overrides, given in records(held):
        values = dict(zip(_PLAIN_FIELDS, plain, strict=True))
        values["depends_on"] = tuple(values["depends_on"])
        values["inputs"] = values["inputs"] if values["inputs"] is None else tuple(values["inputs"])
        values["policy_overrides"] = overrides and PolicyOverrides.model_validate(overrides)
        values["origin"] = origins.get(origin)
        nodes.append(trusted(PlanNode, values, set(given.split())))
    return trusted(Plan, {"version": version, "nodes": tuple(nodes)}, {"version", "nodes"})


def _pack_commands(commands: Map[str, CommandSeen]) -> Any:
    names = sorted(commands)
    return [names, columns(commands[name] for name in names)]


def _unpack_commands(found: Any) -> Map[str, CommandSeen]:
    names, held = found
    return Map(zip(names, map(CommandSeen._make, records(held)), strict=True))


def _pack_tallies(tallies: Map[Tally, int]) -> Any:
    return columns((*tally, tallies[tally]) for tally in sorted(tallies, key=str))


def _unpack_tallies(found: Any) -> Map[Tally, int]:
    return Map({(directive, outcome, reason): times for directive, outcome, reason, times in records(found)})


def _same(value: Any) -> Any:
    return value


def _model(validate: Callable[[Any], Any]) -> Part:
    return Part(lambda model: model.model_dump(mode="json", by_alias=True), validate)


def _map(item: Callable[..., Any]) -> Part:
    return Part(dict, lambda found: Map({key: item(*fields) for key, fields in found.items()}))


def _each(item: Callable[..., Any]) -> Part:
    return Part(list, lambda found: tuple(item(*fields) for fields in found))


def _handshake(found: Any) -> Handshake:
    shake = Handshake(*found)
    return shake._replace(intents=tuple(shake.intents), diagnostics=tuple(shake.diagnostics))


_PLAIN: Final = Part(_same, lambda found: found)
_LIST: Final = Part(list, lambda found: tuple(found))
_SET: Final = Part(sorted, lambda found: Map(dict.fromkeys(found)))
_COUNTS: Final = Part(dict, lambda found: Map(found))

_PARTS: Final[Mapping[str, Part]] = {
    "envelope": _PLAIN,
    "contract": _model(_CONTRACT.validate_python),
    "context": _model(PolicyContext.model_validate),
    "catalog": _model(Catalog.model_validate),
    "flags": _model(Flags.model_validate),
    "ending": Part(list, lambda found: Ending(*found)),
    "plan": Part(_pack_plan, _unpack_plan),
    "plan_versions": _each(lambda version, triggers, rationale: PlanVersion(version, tuple(triggers), rationale)),
    "handshake": Part(list, _handshake),
    "ready": _SET,
    "running": _SET,
    "failed": _SET,
    "met": _COUNTS,
    "timers": _each(Timer),
    "inbox": _LIST,
    "requests": _map(HumanRequest),
    "open_requests": _LIST,
    "policies": _map(PolicyCount),
    "tallies": Part(_pack_tallies, _unpack_tallies),
    "spent_nano": Part(str, lambda found: int(found)),
    "estimate_nano": Part(str, lambda found: int(found)),
    "rewrites": _COUNTS,
    "taken_away": _LIST,
    "commands": Part(_pack_commands, _unpack_commands),
    "last_action": _PLAIN,
}
"""Amounts are text: they may be beyond 64 bits."""

_LOGGED: Final[Mapping[str, tuple[Callable[[Any], Any], Callable[[Any, Log], Any]]]] = {
    "nodes": (packed_nodes, unpacked_nodes),
    "removed": (packed_removed, unpacked_removed),
    "facets": (packed_facets, unpacked_facets),
}

PARTS: Final = (*_PARTS, *_LOGGED)
"""Every field of the state that is more than a text, a number or a flag."""
