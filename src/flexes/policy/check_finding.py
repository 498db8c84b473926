"""What a policy check says, and what it is told besides the policies themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Final, Literal

from pydantic import JsonValue

from flexes.envelope.capability import Capability, Catalog
from flexes.envelope.model import Json, Model, Name, Text
from flexes.policy.selector import base_id

Severity = Literal["error", "warning", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")


class Finding(Model, frozen=True):
    """One thing that an author should know before a run.

    Attributes:
        code: Stable name of the rule.
        pointer: JSON pointer into the policies.
        directive: The threshold or directive that it is about; None for overrides and planner policies.
        message: What is so, and what to do about it.
        node: The plan node that it is about.
        runs: The worst case, where the finding is one.
        example: Facets on which the predicate matches.
    """

    code: Name
    severity: Severity
    pointer: Text
    message: Text
    directive: Name | None = None
    node: Name | None = None
    runs: int | None = None
    example: dict[str, Json] | None = None


class PlannedNode(Model, frozen=True):
    """A node of a known plan, as far as policies see it; a NodeView.

    Attributes:
        behind: Everything that depends on the node, directly or not.
        opt_out: Directives that the node itself opts out of.
    """

    id: Name
    capability: Name
    kind: Text = ""
    stage: Name | None = None
    tags: tuple[Name, ...] = ()
    behind: tuple[Name, ...] = ()
    opt_out: tuple[Name, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What is known besides the policies; the less there is, the less can be found.

    Attributes:
        catalog: Capabilities and facets; None where they are not known.
        inputs: The facets that the envelope gives.
        nodes: The first plan; None where it is not known.
        later_nodes: Node ids that a planner is known to add.
        metrics: Every metric that is ever reported; None where that is not known.
        own_planner: Whether another planner than the built-in one changes the plan.
    """

    catalog: Catalog | None = None
    inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    nodes: tuple[PlannedNode, ...] | None = None
    later_nodes: frozenset[str] = frozenset()
    metrics: frozenset[str] | None = None
    own_planner: bool = False

    @cached_property
    def facets(self) -> Mapping[str, JsonValue] | None:
        """The schemas of all facets that are given or produced; None where the catalog is not known."""
        if self.catalog is None:
            return None
        names = dict.fromkeys((*self.inputs, *(facet for one in self.capabilities for facet in one.outputs)))
        return {name: self.catalog.schema_of(name) for name in names}

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """The capabilities of the catalog."""
        return self.catalog.capabilities if self.catalog else ()

    @cached_property
    def node_ids(self) -> tuple[str, ...] | None:
        """The ids that a policy may name; None where the plan is not known."""
        return None if self.nodes is None else (*(node.id for node in self.nodes), *sorted(self.later_nodes))

    def knows_node(self, node: str) -> bool:
        """Return whether the id is, or is derived from, that of a node, as far as the plan is known."""
        return self.node_ids is None or node in self.node_ids or base_id(node) in self.node_ids


def similar(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean ...?` for the name that is nearest, else the list of a few."""
    known = list(dict.fromkeys(names))
    close = get_close_matches(name[:64], known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}" if known else "; there are none"


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return each finding once: errors first, then by place in the document, code and message."""
    return tuple(sorted({_key(found): found for found in findings}.values(), key=_key))


def _key(found: Finding) -> tuple[Any, ...]:
    place = tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in found.pointer.split("/"))
    return (SEVERITIES.index(found.severity), place, found.code, found.node or "", found.message)
