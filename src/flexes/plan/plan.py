"""A plan: a versioned DAG of nodes, immutable, with the reason why each node is there.

`dependsOn` is the only order. A node that a planner derives from another one carries its id before a `~`
(`draft~rewrite1`), names it in `copyOf`, and depends on it.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from flexes.envelope.capability import Kind
from flexes.envelope.model import Count, Model, Name, Text
from flexes.plan.graph import Graph

_REWRITE: Final = re.compile(r"~rewrite\d+$")


class PolicyOverrides(Model, frozen=True):
    """Directives that the node opts out of, with the reason that the audit quotes."""

    opt_out: tuple[Name, ...] = ()
    rationale: Text


class Origin(Model, frozen=True):
    """Why a node is as it is: the plan version, the rationale and the directives that put it there."""

    version: Count
    rationale: Text = ""
    directives: tuple[Name, ...] = ()


class PlanNode(Model, frozen=True):
    """One invocation of a capability.

    Attributes:
        kind: Overrides the capability's kind.
        inputs: Facets to hand over; None for what the capability declares.
        copy_of: The node whose work this one does again.
        origin: Set when the plan is accepted; a planner's own value is ignored.
    """

    id: Name
    capability: Name
    kind: Kind | None = None
    stage: Name | None = None
    depends_on: tuple[Name, ...] = ()
    inputs: tuple[Name, ...] | None = None
    copy_of: Name | None = None
    policy_overrides: PolicyOverrides | None = None
    origin: Origin | None = None

    @property
    def is_rewrite(self) -> bool:
        """Whether the node rewrites another one."""
        return _REWRITE.search(self.id) is not None

    @property
    def definition(self) -> str:
        """What makes the node this node, as text; a delta that brings one back oscillates."""
        inputs = "default" if self.inputs is None else ",".join(sorted(self.inputs))
        return f"{self.id}\x1f{self.capability}\x1f{','.join(sorted(self.depends_on))}\x1f{inputs}"


class Plan(Model, frozen=True):
    """One accepted version of the plan; nodes in plan order."""

    version: Count
    nodes: tuple[PlanNode, ...]

    @cached_property
    def by_id(self) -> Mapping[str, PlanNode]:
        """The nodes by id."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def has_overrides(self) -> bool:
        """Whether any node opts out of a directive."""
        return any(node.policy_overrides is not None for node in self.nodes)

    @cached_property
    def graph(self) -> Graph:
        """The dependencies, ready to be asked."""
        return Graph({node.id: node.depends_on for node in self.nodes})
