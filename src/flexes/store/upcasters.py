"""Bringing older stored shapes up to the current one, a step a schema version.

An upcaster is a pure function on the stored fields, keyed by the type and the version that it starts from. Every shape
that was ever stored has a golden file in the tests.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flexes.errors import UnreadableEvent

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = {}
"""(event type, from schema version) -> the step to the next version. Empty while every type is at its first."""


def upcast(
    event_type: str,
    fields: dict[str, Any],
    current: int,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> dict[str, Any]:
    """Return the fields in the current shape.

    Raises:
        UnreadableEvent: The stored version is newer than this release, or a step is missing.
    """
    stored = fields.get("schemaVersion", 1)
    if not isinstance(stored, int) or stored > current:
        raise UnreadableEvent(
            f"{event_type} has schema version {stored!r}, this release reads up to {current}; upgrade flexes"
        )
    while stored < current:
        step = upcasters.get((event_type, stored))
        if step is None:
            raise UnreadableEvent(f"{event_type} has schema version {stored}, and no upcaster leads to {current}")
        fields = step(fields)
        stored += 1
        fields["schemaVersion"] = stored
    return fields
