"""The frames of the SSE feed, as they are sent: `data` is the JSON of one frame (semantics 11)."""

from collections.abc import Iterator

from flexes.view.frames import frames_of
from flexes_projections.cell import json_cell
from flexes_projections.table import Fact, Projection, Row, Table, columns

FEED = Table(
    "frames",
    columns("position:integer place:integer frame_id run_id type node_id plan_version:integer at data:json"),
    key=2,
    indexes=(("run_id", "position", "place"),),
    appends=True,
)


def rows_of(fact: Fact) -> Iterator[tuple[Table, Row]]:
    """Yield the event's frames in order; those of a run, or of all, are read by (position, place)."""
    for place, frame in enumerate(frames_of(fact.event, fact.before, fact.after, fact.position)):
        yield (
            FEED,
            (
                fact.position,
                place,
                frame.id,
                frame.run_id,
                frame.type,
                frame.node_id,
                frame.plan_version,
                frame.timestamp,
                json_cell(frame.wire()),
            ),
        )


FRAMES = Projection("frames", 1, (FEED,), rows_of)
