"""Capabilities as code: what an application registers, and what a capability sees and returns."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, SupportsFloat, TypeVar

from flexes.envelope.capability import Capability, Catalog, Facet, Kind
from flexes.envelope.schemas import schema_fault
from flexes.errors import InvalidDocument, Problem
from flexes.policy.problems import validated
from flexes.policy.signal import Validation


@dataclass(frozen=True, slots=True)
class NodeContext:
    """What a capability is given.

    Attributes:
        operation_id: The same each time this attempt is invoked; pass it on as an idempotency key.
        inputs: The node's input facets by name.
        previous: For a re-run or a rewrite: `{attempt, inputs, outputs, metrics, error?, cause}`.
        envelope: The task envelope as submitted.
    """

    run_id: str
    node: str
    attempt: int
    operation_id: str
    inputs: Mapping[str, Any]
    previous: Mapping[str, Any] | None
    envelope: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What a capability delivers.

    Attributes:
        outputs: Exactly the declared output facets.
        metrics: Measures by name, finite numbers.
        cost: In the caller's currency; None for the capability's estimate.
        latency_ms: None for what the driver measures.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    cost: float | None = None
    latency_ms: float | None = None
    validation: Validation | None = None


Implementation = Callable[[NodeContext], Awaitable[NodeResult | Mapping[str, Any]] | NodeResult | Mapping[str, Any]]
"""A coroutine function, or a plain function, which then runs in a daemon thread: past its timeout it is left behind."""
F = TypeVar("F", bound=Callable[..., Any])


class CapabilityRegistry:
    """The capabilities and facets of an application; give it to `Flexes.open`."""

    def __init__(self) -> None:
        self._capabilities: dict[str, Capability] = {}
        self._implementations: dict[str, Implementation] = {}
        self._facets: dict[str, Facet] = {}

    def capability(
        self,
        id: str,
        *,
        kind: Kind = "execution",
        inputs: Iterable[str] = (),
        outputs: Iterable[str] = (),
        cost: float = 0.0,
        latency_ms: float = 0.0,
        timeout_ms: float | None = None,
        tags: Iterable[str] = (),
        fallbacks: Iterable[str] = (),
        available: bool = True,
        description: str | None = None,
    ) -> Callable[[F], F]:
        """Register the decorated function as a capability; see `Capability` for the units.

        Raises:
            InvalidDocument: The id is taken or an option is wrong; names which.
        """
        document = {
            "id": id, "kind": kind, "inputs": _listed(inputs), "outputs": _listed(outputs), "cost": _amount(cost),
            "latencyMs": _amount(latency_ms), "timeoutMs": _amount(timeout_ms),
            "tags": _listed(tags), "fallbacks": _listed(fallbacks), "available": available, "description": description,
        }  # fmt: skip
        declared = validated(Capability, document, f"capability {id!r}")

        def register(implementation: F) -> F:
            self.add(declared, implementation)
            return implementation

        return register

    def human(
        self,
        id: str,
        *,
        inputs: Iterable[str] = (),
        outputs: Iterable[str] = (),
        timeout_ms: float | None = None,
        tags: Iterable[str] = (),
        description: str | None = None,
    ) -> None:
        """Register a capability that a person does: the approval's edits are its outputs."""
        document = {
            "id": id, "kind": "human", "inputs": _listed(inputs), "outputs": _listed(outputs), "tags": _listed(tags),
            "timeoutMs": _amount(timeout_ms), "description": description,
        }  # fmt: skip
        self.add(validated(Capability, document, f"capability {id!r}"), None)

    def facet(self, name: str, *, schema: Mapping[str, Any] | None = None, description: str | None = None) -> None:
        """Define a facet; without a schema it is any JSON.

        Raises:
            InvalidDocument: The name is taken or the schema is no JSON Schema.
        """
        fault = _unusable(schema)
        if fault or name in self._facets:
            message = f"not a JSON Schema: {fault}" if fault else "defined twice; remove one"
            raise InvalidDocument([Problem("bad_facet", f"/facets/{name}", message)], "registry")
        document = {"schema": None if schema is None else dict(schema), "description": description}
        self._facets[name] = validated(Facet, document, f"facet {name!r}")

    def add(self, capability: Capability, implementation: Implementation | None) -> None:
        """Register a declared capability; only a human one has no implementation.

        Raises:
            InvalidDocument: The id is taken, or a facet stands twice among its inputs or outputs.
        """
        place = f"/capabilities/{capability.id}"
        if capability.id in self._capabilities:
            raise InvalidDocument([Problem("duplicate_id", place, "registered twice; remove one")], "registry")
        faults = [*_doubled(f"{place}/inputs", capability.inputs), *_doubled(f"{place}/outputs", capability.outputs)]
        if faults:
            raise InvalidDocument(faults, "registry")
        self._capabilities[capability.id] = capability
        if implementation is not None:
            self._implementations[capability.id] = implementation

    @property
    def catalog(self) -> Catalog:
        """Everything declared so far, in order."""
        return Catalog(capabilities=tuple(self._capabilities.values()), facets=dict(self._facets))

    def implementation(self, capability_id: str) -> Implementation | None:
        """Return the function behind a capability; None for an unknown or a human one."""
        return self._implementations.get(capability_id)


def _doubled(pointer: str, names: Sequence[str]) -> list[Problem]:
    return [
        Problem("duplicate_facet", f"{pointer}/{place}", f"the facet {name!r} stands twice; remove one")
        for place, name in enumerate(names)
        if name in names[:place]
    ]


def _unusable(schema: object) -> str | None:
    """Return why a facet cannot have this schema, or None."""
    if schema is None:
        return None
    return schema_fault(schema) if isinstance(schema, Mapping) else "write an object"


def _listed(names: object) -> object:
    """Return names as a tuple; a bare text and what is no list as it is, so that it is refused and not taken apart."""
    return names if isinstance(names, str) or not isinstance(names, Iterable) else tuple(names)


def _amount(number: object) -> object:
    """Return a number of any kind as a float; what is none as it is, so that it is refused with its value."""
    if isinstance(number, bool) or not isinstance(number, SupportsFloat):
        return number
    try:
        return float(number)
    except (OverflowError, ValueError):
        return number
