"""Every version of every plan, whole, and the nodes of each version (story 8.9 AC3).

The difference of any two versions is `flexes.view.plan_diff.diff` of two rows that `plan_version` reads.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flexes.run.events import PlanGenerated, PlanUpdated
from flexes.view.plan_history import plan_version_fields
from flexes_projections.cell import json_cell, redacted_cell
from flexes_projections.table import Fact, Projection, Row, Table, columns

VERSIONS = Table(
    "plan_versions",
    columns(
        "run_id plan_version:integer previous_version:integer at actor event_version:integer position:integer"
        " rationale triggers:json provenance:json delta:json unanswered:json facets:json contracts:json"
        " diagnostics:json nodes:json"
    ),
    key=2,
    appends=True,
)
NODES = Table(
    "plan_nodes",
    columns(
        "run_id plan_version:integer node_id place:integer capability_id kind stage depends_on:json inputs:json"
        " outputs:json copy_of policy_overrides:json origin_version:integer origin_rationale origin_directives:json"
    ),
    key=3,
    indexes=(("capability_id", "run_id"),),
    appends=True,
)


def rows_of(fact: Fact) -> Iterator[tuple[Table, Row]]:
    """Yield the version that the event made, if it made one, and its nodes."""
    if not isinstance(fact.event, PlanGenerated | PlanUpdated):
        return
    found = plan_version_fields(fact.step)
    yield VERSIONS, _version(fact, found)
    for place, node in enumerate(found["nodes"]):
        yield NODES, _node(found, place, node)


def _version(fact: Fact, found: Mapping[str, Any]) -> Row:
    """Return the row; contracts hold schemas, where a key names a property and its value is no secret."""
    return (
        found["run_id"],
        found["version"],
        found["previous_version"],
        fact.event.at,
        fact.event.actor,
        fact.event.version,
        fact.position,
        found["rationale"],
        json_cell(found["triggers"]),
        redacted_cell(found["provenance"]),
        redacted_cell(found["delta"]),
        redacted_cell(found["unanswered"]),
        json_cell(found["facets"]),
        json_cell(found["contracts"]),
        redacted_cell(found["diagnostics"]),
        json_cell(found["nodes"]),
    )


def _node(found: Mapping[str, Any], place: int, node: Mapping[str, Any]) -> Row:
    origin, overrides = node.get("origin") or {}, node.get("policyOverrides")
    return (
        found["run_id"],
        found["version"],
        node["id"],
        place,
        node["capability"],
        node["kind"],
        node.get("stage"),
        json_cell(node["dependsOn"]),
        json_cell(node["inputs"]),
        json_cell(node["outputs"]),
        node.get("copyOf"),
        None if overrides is None else json_cell(overrides),
        origin.get("version"),
        origin.get("rationale"),
        json_cell(origin.get("directives", [])),
    )


PLAN_VERSIONS = Projection("plan_versions", 1, (VERSIONS, NODES), rows_of, frozenset({"PlanGenerated", "PlanUpdated"}))
