"""What is stored beside each plan version as plain JSON: facet arrays, compiled contracts (story 8.9 AC3)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flexes.envelope.capability import Catalog
from flexes.envelope.contract import FacetsContract, FreeformContract, JsonSchemaContract, OutputContract
from flexes.plan.facets import facet_consumers, facet_producers, node_inputs, node_outputs
from flexes.plan.plan import Plan

FacetArray = dict[str, Any]
"""`{facet, producers, consumers}`: a facet with the ids of the nodes that write it and that are handed it."""


def facet_arrays(plan: Plan, catalog: Catalog) -> list[FacetArray]:
    """Return one array for each facet of the plan, sorted by facet; nodes in plan order."""
    producers = facet_producers(plan.nodes, catalog)
    consumers = facet_consumers(plan.nodes, catalog)
    return [
        {
            "facet": facet,
            "producers": list(producers.get(facet, ())),
            "consumers": list(consumers.get(facet, ())),
        }
        for facet in sorted({*producers, *consumers})
    ]


def compiled_contracts(plan: Plan, catalog: Catalog, contract: OutputContract) -> dict[str, Any]:
    """Return what each node takes and gives, the schemas behind it, and the schema of the run's output.

    The document is `{facets, nodes, output}`: `facets` has each schema once, under its facet's name; `nodes`
    names facets, and `output` refers to a schema as `#/facets/NAME` of this document.
    """
    nodes = {
        node.id: {"inputs": list(node_inputs(node, catalog)), "outputs": list(node_outputs(node, catalog))}
        for node in plan.nodes
    }
    output = _output(plan, catalog, contract)
    used = {facet for node in nodes.values() for facet in (*node["inputs"], *node["outputs"])}
    named = used | set(output.get("properties", ()))
    schemas = {facet: schema for facet in sorted(named) if (schema := catalog.schema_of(facet)) is not None}
    return {"facets": schemas, "nodes": nodes, "output": output}


def _output(plan: Plan, catalog: Catalog, contract: OutputContract) -> Mapping[str, Any]:
    match contract:
        case FacetsContract():
            return _object(contract.facets, catalog, required=True)
        case JsonSchemaContract():
            return contract.json_schema
        case FreeformContract():
            outputs = (facet for sink in plan.graph.sinks for facet in node_outputs(plan.by_id[sink], catalog))
            return _object(tuple(dict.fromkeys(outputs)), catalog, required=False)


def _object(facets: tuple[str, ...], catalog: Catalog, *, required: bool) -> Mapping[str, Any]:
    properties = {facet: _reference(facet, catalog) for facet in facets}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return schema | {"required": list(facets)} if required else schema


def _reference(facet: str, catalog: Catalog) -> dict[str, str]:
    if catalog.schema_of(facet) is None:
        return {}
    return {"$ref": f"#/facets/{quote(facet.replace('~', '~0').replace('/', '~1'))}"}
