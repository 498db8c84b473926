"""Nodes and facets in a snapshot: in columns, with what events recorded left in the log."""

from collections.abc import Iterable
from typing import Any, Final

from immutables import Map

from flexes.run.persistent import FacetWrite, writes
from flexes.run.records import NodeState, RemovedNode
from flexes.store.columns import Columns, column, columns, records
from flexes.store.logged import Log, LoggedFacet, LoggedOutputs, LoggedWrite, stays_inline

_OUTPUTS: Final = NodeState._fields.index("outputs")
_EDITED: Final = NodeState._fields.index("edited")
_UNANSWERED: Final = NodeState._fields.index("unanswered")


def packed_nodes(nodes: Map[str, NodeState]) -> Any:
    """Return the nodes as JSON: names and columns."""
    names = sorted(nodes)
    return [names, _columns(nodes[name] for name in names)]


def unpacked_nodes(found: Any, log: Log) -> Map[str, NodeState]:
    """Return the nodes again."""
    names, held = found
    return Map(zip(names, _nodes(held, log), strict=True))


def packed_removed(removed: Map[str, RemovedNode]) -> Any:
    """Return the nodes of earlier plan versions as JSON."""
    names = sorted(removed)
    return [names, [removed[name].capability for name in names], _columns(removed[name].state for name in names)]


def unpacked_removed(found: Any, log: Log) -> Map[str, RemovedNode]:
    """Return the nodes of earlier plan versions again."""
    names, capabilities, held = found
    return Map(zip(names, map(RemovedNode, _nodes(held, log), capabilities), strict=True))


def packed_facets(facets: Map[str, FacetWrite | None]) -> Any:
    """Return the writes of each facet as JSON, newest first."""
    return {name: columns(map(_written, writes(newest))) for name, newest in sorted(facets.items())}


def unpacked_facets(found: Any, log: Log) -> Map[str, FacetWrite | None]:
    """Return the writes of each facet again."""
    return Map({name: _chain(name, held, log) for name, held in found.items()})


def _columns(nodes: Iterable[NodeState]) -> Columns:
    return columns((*node[:_OUTPUTS], _reference(node), *node[_OUTPUTS + 1 :]) for node in nodes)


def _reference(node: NodeState) -> Any:
    """Return the version that recorded the outputs, or the outputs where there are none."""
    return node.recorded if isinstance(node.outputs, LoggedOutputs) or node.outputs else node.outputs


def _nodes(found: Columns, log: Log) -> Iterable[NodeState]:
    if not found[0]:
        return ()
    fields: list[Iterable[Any]] = [column(found, place) for place in range(len(NodeState._fields))]
    fields[_OUTPUTS] = [_outputs(held, log) for held in fields[_OUTPUTS]]
    fields[_EDITED] = [tuple(names) for names in fields[_EDITED]]
    fields[_UNANSWERED] = [tuple(map(tuple, attempts)) for attempts in fields[_UNANSWERED]]
    return map(NodeState._make, zip(*fields, strict=True))


def _outputs(held: Any, log: Log) -> Any:
    return LoggedOutputs(log, held) if isinstance(held, int) else held


def _written(write: FacetWrite) -> tuple[Any, ...]:
    """Return a write with its value in a list of one, or without one where the log has it."""
    inline = not isinstance(write, LoggedWrite) and stays_inline(write.value)
    return ([write.value] if inline else None, *write[1:-1])


def _chain(name: str, found: Columns, log: Log) -> FacetWrite | None:
    newest: FacetWrite | None = None
    logged = LoggedFacet(log, name)
    for value, node, attempt, plan_version, version, by in reversed(list(records(found))):
        if value is None:
            newest = LoggedWrite(logged, node, attempt, plan_version, version, by, newest)
        else:
            newest = FacetWrite(value[0], node, attempt, plan_version, version, by, newest)
    return newest
