"""Frame ids and the wire form of the SSE feed."""

import orjson
import pytest

from flexes.errors import InvalidDocument
from flexes.view.frame import Frame, FrameId, parse_frame_id, sse

FRAME = Frame(
    type="log",
    id="0000000000000001-0",
    timestamp="2026-01-01T00:00:00.000000Z",
    run_id="r",
    payload={"text": "a\nb", "none": None},
)


def dumps(value: object) -> str:
    """Return compact JSON."""
    return orjson.dumps(value).decode()


def indented(value: object) -> str:
    """Return JSON on several lines, with carriage returns too."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().replace("\n", "\r\n", 1)


@pytest.mark.parametrize("found", [FrameId(1, 0), FrameId(2**63 - 1, 12), FrameId(0, 0)])
def test_a_frame_id_reads_back(found: FrameId) -> None:
    """An id says where its frame stands in the log of all runs and in its event."""
    assert parse_frame_id(str(found)) == found


def test_ids_compare_in_the_order_of_the_log() -> None:
    """A later position follows; within an event the place decides, also from ten on."""
    ids = [FrameId(9, 2), FrameId(9, 10), FrameId(16, 0), FrameId(2**40, 0)]
    assert [parse_frame_id(str(found)) for found in ids] == sorted(ids)


@pytest.mark.parametrize(
    "text", ["", "1", "1-0", "0000000000000001", "000000000000000g-0", "0000000000000001-0\n", "0000000000000001-x"]
)
def test_garbage_is_no_frame_id(text: str) -> None:
    """What no frame carries is refused, with the remedy."""
    with pytest.raises(InvalidDocument, match="send the `id` of a frame") as refused:
        parse_frame_id(text)
    assert refused.value.problems[0].code == "bad_frame_id"


def test_the_wire_form() -> None:
    """A frame is `id`, `event`, one line of `data` and an empty line; absent fields are left out, nulls stay."""
    head, event, data, *rest = sse(FRAME, dumps).split("\n")
    assert (head, event, rest) == ("id: 0000000000000001-0", "event: log", ["", ""])
    assert orjson.loads(data.removeprefix("data: ")) == {
        "type": "log",
        "id": "0000000000000001-0",
        "timestamp": "2026-01-01T00:00:00.000000Z",
        "runId": "r",
        "payload": {"text": "a\nb", "none": None},
    }


def test_json_on_several_lines_is_several_data_lines() -> None:
    """No line of the JSON can end a frame early: each has its own `data:`, and clients join them."""
    lines = sse(FRAME, indented).split("\n")
    assert "\r" not in "".join(lines)
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert len(lines) == 2 + len(data) + 2
    assert orjson.loads("\n".join(data)) == FRAME.wire()
