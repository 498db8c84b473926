"""Facet arrays and compiled contracts that each plan version stores (story 8.9 AC3)."""

from tests.unit.plan.plans import capability, catalog, node, plan, wants

from flexes.envelope.contract import JsonSchemaContract
from flexes.plan.contracts import compiled_contracts, facet_arrays

KNOWN = catalog(
    capability("writer", "brief", "copy"),
    capability("qa", "copy", "score"),
    copy={"type": "object"},
    score={},
)
PLAN = plan(
    node("draft", "writer"),
    node("qa", "qa", "draft"),
    node("draft~rewrite1", "writer", "draft", inputs=("score",)),
)


def test_facet_arrays_have_each_facet_with_its_nodes() -> None:
    """Every facet, sorted, with writers and readers in plan order; a node's own inputs count."""
    assert facet_arrays(PLAN, KNOWN) == [
        {"facet": "brief", "producers": [], "consumers": ["draft"]},
        {"facet": "copy", "producers": ["draft", "draft~rewrite1"], "consumers": ["qa"]},
        {"facet": "score", "producers": ["qa"], "consumers": ["draft~rewrite1"]},
    ]


def test_contracts_have_each_schema_once() -> None:
    """Nodes name facets, schemas stand once, the output refers to them."""
    assert compiled_contracts(PLAN, KNOWN, wants("copy brief")) == {
        "facets": {"copy": {"type": "object"}, "score": {}},
        "nodes": {
            "draft": {"inputs": ["brief"], "outputs": ["copy"]},
            "qa": {"inputs": ["copy"], "outputs": ["score"]},
            "draft~rewrite1": {"inputs": ["score"], "outputs": ["copy"]},
        },
        "output": {
            "type": "object",
            "properties": {"copy": {"$ref": "#/facets/copy"}, "brief": {}},
            "required": ["copy", "brief"],
        },
    }


def test_references_escape_what_a_pointer_cannot_hold() -> None:
    """A facet's name is escaped as JSON pointer and as URI fragment."""
    odd = catalog(capability("writer", "brief", "a/b~c%d"), **{"a/b~c%d": {"type": "string"}})
    compiled = compiled_contracts(plan(node("draft", "writer")), odd, wants(""))
    assert compiled["output"]["properties"] == {"a/b~c%d": {"$ref": "#/facets/a~1b~0c%25d"}}


def test_the_output_schema_follows_the_contract() -> None:
    """A schema stays what it is; freeform is what the sinks write, none of it required."""
    schema = {"type": "object", "properties": {"copy": {"type": "object"}}}
    contract = JsonSchemaContract.model_validate({"mode": "json_schema", "schema": schema})
    assert compiled_contracts(PLAN, KNOWN, contract)["output"] == schema
    freeform = compiled_contracts(PLAN, KNOWN, wants(""))["output"]
    assert freeform["properties"] == {"score": {"$ref": "#/facets/score"}, "copy": {"$ref": "#/facets/copy"}}
    assert "required" not in freeform
