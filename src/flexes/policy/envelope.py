"""The task envelope: objective, inputs, output contract and policies, as a caller submits them."""

from typing import Annotated, Any

from pydantic import Field

from flexes.envelope.contract import OutputContract
from flexes.envelope.model import Json, Model, Name, Text
from flexes.policy.authored import TaskPolicies
from flexes.policy.legacy import PolicyModel

Objective = Annotated[Text, Field(min_length=1)]


class Metadata(Model, frozen=True):
    """Who asked, and how to correlate the run with other systems."""

    client_id: Text | None = None
    brand_id: Text | None = None
    campaign_id: Text | None = None
    correlation_id: Text | None = None
    run_label: Text | None = None


class TaskEnvelope(PolicyModel, frozen=True):
    """A task to run (semantics 5). `inputs` are facets from the start; unknown keys are errors."""

    objective: Objective
    output_contract: OutputContract
    inputs: dict[Name, Json] = {}
    constraints: dict[str, Json] = {}
    policies: TaskPolicies = TaskPolicies()
    special_instructions: tuple[Text, ...] = ()
    metadata: Metadata = Metadata()

    def wire(self) -> dict[str, Any]:
        """Return the envelope as plain JSON data; only what was authored, inputs untouched."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
