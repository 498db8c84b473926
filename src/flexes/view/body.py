"""The body of a frame before it is addressed: what one event has to say, without id, time and run."""

from typing import Any, NamedTuple

from flexes.view.frame import FrameType


class Body(NamedTuple):
    """One frame's content.

    Attributes:
        payload: JSON, not yet redacted.
        provenance: Of each facet that the payload shows.
        message: None for the sentence of the event.
    """

    type: FrameType
    payload: dict[str, Any]
    node_id: str | None = None
    provenance: dict[str, dict[str, Any]] | None = None
    message: str | None = None
