"""Names of earlier envelopes, each with what replaces it. They are refused, never translated silently."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from flexes.envelope.model import Model

LEGACY_ACTIONS: Final[Mapping[str, str]] = {
    "goto_node": "goto",
    "retry_node": "goto",
    "replan_run": "replan",
    "hitl_pause": "hitl",
    "fail_run": "fail",
    "pause_run": "pause",
    "log_only": "emit",
}

LEGACY_FIELDS: Final[Mapping[str, str]] = {
    "variantCount": "planner.topology (maxNodes) and planner.optimisation",
    "replanAfter": "a runtime directive with action {type: replan}",
    "triggerReplanAfter": "a runtime directive with action {type: replan}",
    "policyTriggers": "runtime directives",
}


class PolicyModel(Model, frozen=True):
    """A part of the authored policies: as Model, and a legacy field is refused by name."""

    @model_validator(mode="before")
    @classmethod
    def _no_legacy_fields(cls, document: Any) -> Any:
        if isinstance(document, Mapping):
            for key, replacement in LEGACY_FIELDS.items():
                if key in document:
                    raise PydanticCustomError(
                        "legacy_field",
                        "'{key}' belongs to earlier envelopes; use {replacement}",
                        {
                            "key": key,
                            "replacement": replacement,
                            "pointer": f"/{key}",
                            "value": repr(document[key])[:80],
                        },
                    )
        return document
