"""What changed between two plan versions, neighbours or not, in either direction."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flexes.view.plan_history import PlanVersionRow

_COMPARED: Final = (
    "capability",
    "kind",
    "stage",
    "dependsOn",
    "inputs",
    "outputs",
    "copyOf",
    "policyOverrides",
)
"""What a node is; its origin says when it came, which the versions say already."""


def diff(a: PlanVersionRow, b: PlanVersionRow) -> dict[str, Any]:
    """Return `{from, to, triggers, rationale, added, removed, changed, facets: {added, removed}}`.

    `added` and `removed` hold whole nodes in plan order; `changed` holds `{id, changes: {field: {from, to}}}`.
    Triggers and rationale are those of `b`.
    """
    old, new = _by_id(a), _by_id(b)
    facets_a, facets_b = ({found["facet"] for found in row.facets} for row in (a, b))
    return {
        "from": a.version,
        "to": b.version,
        "triggers": list(b.triggers),
        "rationale": b.rationale,
        "added": [dict(node) for name, node in new.items() if name not in old],
        "removed": [dict(node) for name, node in old.items() if name not in new],
        "changed": list(_changed(old, new)),
        "facets": {"added": sorted(facets_b - facets_a), "removed": sorted(facets_a - facets_b)},
    }


def _by_id(row: PlanVersionRow) -> Mapping[str, Mapping[str, Any]]:
    return {node["id"]: node for node in row.nodes}


def _changed(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for name, node in new.items():
        changes = _changes(old[name], node) if name in old else {}
        if changes:
            yield {"id": name, "changes": changes}


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field: {"from": old.get(field), "to": new.get(field)} for field in _COMPARED if old.get(field) != new.get(field)
    }
