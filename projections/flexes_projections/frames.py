"""The frames of the SSE feed, as they are sent: `data` is the JSON of one frame (semantics 11)."""

from collections.abc import Iterator

from flexes.view.frames import documents_of
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
    for place, frame in enumerate(documents_of(fact.step, fact.position, fact.said)):
        yield (
            FEED,
            (
                fact.position,
                place,
                frame["id"],
                frame["runId"],
                frame["type"],
                frame.get("nodeId"),
                frame.get("planVersion"),
                frame["timestamp"],
                json_cell(frame),
            ),
        )


FRAMES = Projection("frames", 1, (FEED,), rows_of)
