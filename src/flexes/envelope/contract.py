"""The output contract: what a completed run must deliver."""

from typing import Annotated, Literal

from pydantic import Field

from flexes.envelope.model import Json, Model, Name, Text


class FacetsContract(Model, frozen=True):
    """The output is an object of the named facets."""

    mode: Literal["facets"]
    facets: Annotated[tuple[Name, ...], Field(min_length=1)]


class JsonSchemaContract(Model, frozen=True):
    """The output is an object of the facets that the schema's top-level properties name, and meets the schema."""

    mode: Literal["json_schema"]
    json_schema: Annotated[dict[str, Json], Field(alias="schema")]


class FreeformContract(Model, frozen=True):
    """The output is an object of the facets of the plan's sink nodes."""

    mode: Literal["freeform"]
    instructions: Text | None = None


OutputContract = Annotated[FacetsContract | JsonSchemaContract | FreeformContract, Field(discriminator="mode")]
"""One of the three contracts, told apart by `mode`."""


def contract_facets(contract: OutputContract) -> tuple[str, ...]:
    """Return the facets that the contract names, in its order; none for freeform."""
    match contract:
        case FacetsContract():
            return contract.facets
        case JsonSchemaContract():
            properties = contract.json_schema.get("properties")
            return tuple(properties) if isinstance(properties, dict) else ()
        case FreeformContract():
            return ()
