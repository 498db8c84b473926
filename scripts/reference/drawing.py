"""The chart of a run as a picture: places are laid out by hand, moves come from the chart.

An arrow may stand for several moves: from every status of a group, or to every one. Together the arrows must be exactly
the moves of the chart that change the status, so a new status or transition stops the generation until it has a place.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Final, NamedTuple

from scripts.reference.drawing_style import ARROW_HEAD, STYLE

from flexes.run.lifecycle import ACTIVE, FINAL, SUSPENDED, transitions

_WIDTH: Final = 1130
_HEIGHT: Final = 520
_BOX: Final = (148, 44)


class Point(NamedTuple):
    """A place in the picture, from its upper left corner."""

    x: int
    y: int


class Group(NamedTuple):
    """Statuses with a frame around them: its upper left and its lower right corner."""

    name: str
    begin: Point
    end: Point


class Arrow(NamedTuple):
    """The moves that one arrow stands for; `label` is where its events are written, line by line."""

    sources: frozenset[str]
    events: tuple[str, ...]
    targets: frozenset[str]
    begin: Point
    end: Point
    label: Point
    anchor: str = "middle"


OPEN: Final = ACTIVE | SUSPENDED
_STATUSES: Final[Mapping[str, Point]] = {
    "planning": Point(260, 130),
    "running": Point(650, 130),
    "replanning": Point(650, 235),
    "paused": Point(310, 435),
    "awaiting_hitl": Point(650, 435),
    "completed": Point(1040, 130),
    "failed": Point(1040, 260),
    "cancelled": Point(1040, 340),
}
_GROUPS: Final = (
    Group("open", Point(120, 20), Point(860, 500)),
    Group("active", Point(150, 56), Point(830, 290)),
    Group("suspended", Point(150, 366), Point(830, 480)),
)


def _of(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


_ARROWS: Final = (
    Arrow(_of("planning"), ("PlanGenerated",), _of("running"), Point(334, 130), Point(576, 130), Point(455, 122)),
    Arrow(
        _of("running"), ("PlanRequested",), _of("replanning"), Point(625, 152), Point(625, 213), Point(613, 187), "end"
    ),
    Arrow(
        _of("replanning"), ("PlanUpdated", "PlanRejected"), _of("running"),
        Point(675, 213), Point(675, 152), Point(687, 179), "start",
    ),
    Arrow(frozenset(ACTIVE), ("Paused",), _of("paused"), Point(285, 290), Point(285, 413), Point(273, 334), "end"),
    Arrow(_of("paused"), ("Resumed",), frozenset(ACTIVE), Point(335, 413), Point(335, 290), Point(347, 334), "start"),
    Arrow(
        frozenset(ACTIVE), ("HitlRequested",), _of("awaiting_hitl"),
        Point(625, 290), Point(625, 413), Point(613, 334), "end",
    ),
    Arrow(
        _of("awaiting_hitl"), ("HitlResolved",), frozenset(ACTIVE),
        Point(675, 413), Point(675, 290), Point(687, 334), "start",
    ),
    Arrow(_of("paused"), ("Resumed",), _of("awaiting_hitl"), Point(384, 425), Point(576, 425), Point(480, 417)),
    Arrow(_of("awaiting_hitl"), ("Paused",), _of("paused"), Point(576, 447), Point(384, 447), Point(480, 465)),
    Arrow(_of("running"), ("Completed",), _of("completed"), Point(724, 130), Point(966, 130), Point(913, 122)),
    Arrow(frozenset(OPEN), ("Failed",), _of("failed"), Point(860, 260), Point(966, 260), Point(913, 252)),
    Arrow(frozenset(OPEN), ("Cancelled",), _of("cancelled"), Point(860, 340), Point(966, 340), Point(913, 332)),
)  # fmt: skip
_START: Final = Arrow(_of(), ("RunStarted",), _of("planning"), Point(32, 130), Point(186, 130), Point(74, 122))


def drawn(table: Mapping[tuple[str, str], Iterable[str]] | None = None) -> str:
    """Return the chart, or a table of transitions like its, as SVG.

    Raises:
        ValueError: The table has moves that no arrow stands for, or an arrow stands for moves that it has not.
    """
    _check({(*move, after) for move, targets in (table or transitions()).items() for after in targets})
    shapes = [*_frames(), *map(_line, (_START, *_ARROWS)), *_boxes(), *_labels()]
    return "\n".join([*_head(), *shapes, "</svg>", ""])


def _check(moves: set[tuple[str, str, str]]) -> None:
    changes = {(before, event, after) for before, event, after in moves if before != after}
    shown = {move for arrow in _ARROWS for move in product(arrow.sources, arrow.events, arrow.targets)}
    if lacking := sorted(changes - shown):
        raise ValueError(f"the drawing has no arrow for {lacking}; lay it out in {__name__}")
    if wrong := sorted(shown - changes):
        raise ValueError(f"the drawing shows {wrong}, which the chart does not allow; correct {__name__}")


def _head() -> Iterator[str]:
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-labelledby="title">'
    yield '<title id="title">The statuses of a run, and the events that lead from one to another</title>'
    yield f"<style>{STYLE}</style>"
    yield ARROW_HEAD
    yield f'<rect class="card" width="{_WIDTH}" height="{_HEIGHT}" rx="12"/>'


def _frames() -> Iterator[str]:
    for name, begin, end in _GROUPS:
        yield (
            f'<rect class="group {name}" x="{begin.x}" y="{begin.y}" width="{end.x - begin.x}"'
            f' height="{end.y - begin.y}" rx="10"/>'
        )
        yield f'<text class="name" x="{begin.x + 12}" y="{begin.y + 22}">{name}</text>'
    yield f'<circle class="start" cx="{_START.begin.x - 8}" cy="{_START.begin.y}" r="8"/>'


def _boxes() -> Iterator[str]:
    width, height = _BOX
    for status, (x, y) in _STATUSES.items():
        left, top = x - width // 2, y - height // 2
        kind = "final" if status in FINAL else "status"
        yield f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="{height}" rx="10"/>'
        if kind == "final":
            yield f'<rect class="inner" x="{left + 4}" y="{top + 4}" width="{width - 8}" height="{height - 8}" rx="7"/>'
        yield f'<text class="word" x="{x}" y="{y + 5}">{status}</text>'


def _line(arrow: Arrow) -> str:
    (x1, y1), (x2, y2) = arrow.begin, arrow.end
    return f'<line class="arrow" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" marker-end="url(#head)"/>'


def _labels() -> Iterator[str]:
    for arrow in (_START, *_ARROWS):
        for place, event in enumerate(arrow.events):
            y = arrow.label.y + 18 * place
            yield f'<text class="event" x="{arrow.label.x}" y="{y}" text-anchor="{arrow.anchor}">{event}</text>'
