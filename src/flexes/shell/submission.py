"""Taking in an envelope: everything that can be wrong with it is said here, at once, before anything is stored."""

from collections.abc import Iterator, Mapping
from typing import Any

from flexes.envelope.capability import Catalog
from flexes.envelope.contract import JsonSchemaContract, contract_facets
from flexes.envelope.schemas import schema_fault, schema_issues
from flexes.errors import InvalidDocument, Problem
from flexes.policy.context import PolicyContext
from flexes.policy.envelope import TaskEnvelope
from flexes.policy.normalize import normalize
from flexes.policy.problems import pointer_of, validated


def checked_envelope(
    envelope: TaskEnvelope | Mapping[str, Any], catalog: Catalog
) -> tuple[TaskEnvelope, PolicyContext]:
    """Return the envelope and its policy context.

    Raises:
        InvalidDocument: With every fault found: code, JSON pointer, value, remedy.
    """
    parsed = envelope if isinstance(envelope, TaskEnvelope) else validated(TaskEnvelope, envelope, "envelope")
    faults = [*_input_faults(parsed, catalog), *_contract_faults(parsed)]
    if faults:
        raise InvalidDocument(faults, "envelope")
    return parsed, normalize(parsed.policies, catalog, frozenset(parsed.inputs))


def _input_faults(envelope: TaskEnvelope, catalog: Catalog) -> Iterator[Problem]:
    for name, value in envelope.inputs.items():
        schema = catalog.schema_of(name)
        for issue in schema_issues(schema, value) if schema is not None else ():
            yield Problem("input_invalid", pointer_of(["inputs", name]) + issue.pointer, issue.message)


def _contract_faults(envelope: TaskEnvelope) -> Iterator[Problem]:
    contract = envelope.output_contract
    if not isinstance(contract, JsonSchemaContract):
        return
    fault = schema_fault(contract.json_schema)
    if fault is not None:
        yield Problem("bad_schema", "/outputContract/schema", f"not a JSON Schema: {fault}")
    elif not contract_facets(contract):
        message = "its top-level `properties` name the facets of the output; add at least one"
        yield Problem("bad_schema", "/outputContract/schema/properties", message)
