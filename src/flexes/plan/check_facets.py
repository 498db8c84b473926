"""Checks of what flows between the nodes (semantics 4 and 9). They expect a DAG.

Rules:
1. `missing_input`: each facet that a node is handed is given, or written by a node that it depends on.
2. `facet_conflict`: the nodes that write one facet are ordered by dependency: its value is never a race.
3. `output_uncovered`: each facet that the output contract names is given or written.
4. `bad_schema`: the schemas of facets in use, and of the contract, compile.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, pairwise
from typing import Any

from flexes.envelope.capability import Capability
from flexes.envelope.contract import JsonSchemaContract, contract_facets
from flexes.envelope.schemas import schema_fault
from flexes.plan.facets import Supply, capability_producers, node_inputs, node_outputs
from flexes.plan.handshake import Diagnostic
from flexes.plan.plan import Plan, PlanNode
from flexes.plan.terms import Terms


def facet_findings(plan: Plan, terms: Terms) -> Iterator[Diagnostic]:
    """Yield what is wrong with the facets, in the order of the rules 1 to 3."""
    supply = Supply(plan, terms.catalog, terms.given)
    yield from _missing_inputs(supply)
    yield from _conflicts(supply)
    yield from _uncovered(supply, terms)


def schema_findings(nodes: Iterable[PlanNode], terms: Terms, *, contract: bool) -> Iterator[Diagnostic]:
    """Yield the schemas that do not compile: of facets of these nodes, and of the contract if asked for."""
    used = (node_inputs(node, terms.catalog) + node_outputs(node, terms.catalog) for node in nodes)
    named = contract_facets(terms.contract) if contract else ()
    for facet in dict.fromkeys((*chain.from_iterable(used), *named)):
        yield from _bad_schema(f"the schema of '{facet}'", terms.catalog.schema_of(facet), facet)
    if contract and isinstance(terms.contract, JsonSchemaContract):
        yield from _bad_schema("the schema of the output contract", terms.contract.json_schema, None)


def _bad_schema(what: str, schema: Mapping[str, Any] | None, facet: str | None) -> Iterator[Diagnostic]:
    fault = schema_fault(schema) if schema is not None else None
    if fault:
        yield Diagnostic(
            code="bad_schema",
            facet=facet,
            message=f"{what} does not compile: {fault}",
            suggestion="correct the schema; it is JSON Schema, draft 2020-12 unless $schema names another",
        )


def _missing_inputs(supply: Supply) -> Iterator[Diagnostic]:
    makers: Mapping[str, tuple[Capability, ...]] | None = None
    for node in supply.plan.nodes:
        for facet in node_inputs(node, supply.catalog):
            if not supply.reaches(facet, node.id):
                makers = capability_producers(supply.catalog.capabilities) if makers is None else makers
                yield Diagnostic(
                    code="missing_input",
                    node=node.id,
                    capability=node.capability,
                    facet=facet,
                    message=f"'{node.id}' needs '{facet}', which is neither given nor written upstream",
                    suggestion=_source(facet, node.id, supply, makers),
                )


def _source(facet: str, node: str, supply: Supply, makers: Mapping[str, tuple[Capability, ...]]) -> str:
    writers = (other for other in supply.producers.get(facet, ()) if _may_precede(other, node, supply))
    writer = next(writers, None)
    if writer:
        return f"add '{writer}' to its dependsOn"
    maker = _first_available(makers.get(facet, ()))
    if maker:
        return f"add a node that invokes '{maker.id}' and depend on it"
    return f"give '{facet}' in the inputs: no available capability writes it"


def _first_available(capabilities: Iterable[Capability]) -> Capability | None:
    return next((capability for capability in capabilities if capability.available), None)


def _may_precede(writer: str, node: str, supply: Supply) -> bool:
    return writer != node and not supply.plan.graph.is_ancestor(node, writer)


def _conflicts(supply: Supply) -> Iterator[Diagnostic]:
    graph = supply.plan.graph
    for facet, writers in supply.producers.items():
        for earlier, later in pairwise(graph.in_order(writers)):
            if not graph.is_ancestor(earlier, later):
                yield Diagnostic(
                    code="facet_conflict",
                    node=later,
                    facet=facet,
                    message=f"'{earlier}' and '{later}' both write '{facet}' and are not ordered",
                    suggestion=f"add '{earlier}' to the dependsOn of '{later}'",
                )


def _uncovered(supply: Supply, terms: Terms) -> Iterator[Diagnostic]:
    for facet in contract_facets(terms.contract):
        if facet not in terms.given and facet not in supply.producers:
            maker = _first_available(capability_producers(terms.catalog.capabilities).get(facet, ()))
            yield Diagnostic(
                code="output_uncovered",
                facet=facet,
                message=f"the output contract asks for '{facet}', which no node writes",
                suggestion=f"add a node that invokes '{maker.id}'" if maker else "give it in the inputs",
            )
