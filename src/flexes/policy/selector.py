"""Selectors: which nodes a directive looks at, one mechanism for capability, node, stage, kind and tags."""

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from flexes.envelope.capability import Kind, Tags
from flexes.envelope.model import Model, Name

_SPELLINGS = {"capabilityId": "capability", "capability_id": "capability", "nodeId": "node", "node_id": "node"}
DERIVED_MARK = "~"
"""Separates the id of an authored node from what the planner derived from it: `draft~rewrite1`."""


class NodeView(Protocol):
    """What a selector can see of a node."""

    @property
    def id(self) -> str:
        """The node's id."""
        ...

    @property
    def capability(self) -> str:
        """The id of the capability that it invokes."""
        ...

    @property
    def kind(self) -> str:
        """The node's kind."""
        ...

    @property
    def stage(self) -> str | None:
        """The node's stage."""
        ...

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of its capability."""
        ...


class Selector(Model, frozen=True):
    """Fields are ANDed, exact, tags all-of; an empty text is an absent field (semantics 5)."""

    capability: Name | None = None
    node: Name | None = None
    stage: Name | None = None
    kind: Kind | None = None
    tags: Tags = ()

    @model_validator(mode="before")
    @classmethod
    def _accepted_spellings(cls, document: Any) -> Any:
        if not isinstance(document, Mapping):
            return document
        spelt: dict[str, Any] = {}
        for key, value in document.items():
            name = _SPELLINGS.get(str(key), str(key))
            if name in spelt:
                raise PydanticCustomError(
                    "bad_selector", "give {name} once, not in two spellings", {"name": name, "pointer": f"/{key}"}
                )
            if value != "" or name not in cls.model_fields:
                spelt[name] = value
        return spelt

    @property
    def is_empty(self) -> bool:
        """Whether the selector leaves every node in."""
        return self == EVERY_NODE

    def matches(self, node: NodeView) -> bool:
        """Return whether the node has everything that the selector names."""
        return (
            (self.capability is None or self.capability == node.capability)
            and (self.node is None or self.node == node.id or node.id.startswith(self.node + DERIVED_MARK))
            and (self.stage is None or self.stage == node.stage)
            and (self.kind is None or self.kind == node.kind)
            and (not self.tags or set(self.tags) <= set(node.tags))
        )


EVERY_NODE = Selector()


def base_id(node_id: str) -> str:
    """Return the id of the authored node that this one was derived from, itself for an authored node."""
    return node_id.split(DERIVED_MARK, 1)[0]
