"""A frame: what clients of the SSE feed see of one event, its id, and its form on the wire (semantics 11).

A frame id is the position of its event in the log of all runs, and the frame's place within the event. Ids
compare in the order of the log, so one id resumes a run's feed and the feed of all runs alike. Without a
store, the version of the event stands for its position.
"""

import re
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

from flexes.envelope.model import Model
from flexes.errors import InvalidDocument, Problem

FrameType = Literal[
    "start",
    "plan_requested",
    "plan_rejected",
    "plan_generated",
    "plan_updated",
    "rewrite_started",
    "node_start",
    "node_complete",
    "node_error",
    "validation_error",
    "policy_evaluated",
    "policy_triggered",
    "hitl_request",
    "hitl_resolved",
    "paused",
    "resumed",
    "log",
    "complete",
]

_ID: Final = re.compile(r"([0-9a-f]{16})-([0-9]{1,6})")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


class Frame(Model, frozen=True):
    """One frame; fields are only ever added.

    Attributes:
        id: Opaque to clients; `parse_frame_id` reads it.
        timestamp: When the command of the event was given (instant).
        plan_version: The version in force after the event; None before the first plan.
        message: One sentence for people.
        facet_provenance: For each facet that the payload shows: `{node, attempt, planVersion, by?}`.
        payload: Plain JSON, secrets redacted.
    """

    type: FrameType
    id: str
    timestamp: str
    run_id: str
    node_id: str | None = None
    plan_version: int | None = None
    correlation_id: str | None = None
    message: str | None = None
    facet_provenance: dict[str, dict[str, Any]] | None = None
    payload: dict[str, Any]


class FrameId(NamedTuple):
    """Where a frame stands; ids compare in the order of the log.

    Attributes:
        position: The event's position in the log of all runs.
        place: The frame's place within the event, from 0.
    """

    position: int
    place: int

    def __str__(self) -> str:
        """Return the id as frames carry it."""
        return frame_id(*self)


def frame_id(position: int, place: int) -> str:
    """Return the id of a frame, which `FrameId` describes."""
    return f"{position:016x}-{place}"


def parse_frame_id(text: str) -> FrameId:
    """Return what a frame's id, such as a `Last-Event-ID`, says.

    Raises:
        InvalidDocument: `bad_frame_id`; no frame has this id.
    """
    found = _ID.fullmatch(text)
    if found is None:
        remedy = "no frame has this id; send the `id` of a frame as it came, or none to start at the first"
        raise InvalidDocument((Problem("bad_frame_id", "", remedy, repr(text)[:60]),), "frame id")
    return FrameId(int(found[1], 16), int(found[2]))


def sse(frame: Frame, dumps: Callable[[Any], str]) -> str:
    """Return the frame as one WHATWG server-sent event; `dumps` writes JSON, on one line or several."""
    lines = _LINE_END.split(dumps(frame.wire()))
    data = "".join(f"data: {line}\n" for line in lines)
    return f"id: {frame.id}\nevent: {frame.type}\n{data}\n"
