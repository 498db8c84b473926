"""Views on any JSON: redaction leaves no secret, the wire form loses nothing, ids keep the order of the log."""

from collections.abc import Iterator
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from flexes.envelope.redact import REDACTED, SECRET_KEYS, is_secret, redact
from flexes.view.frame import Frame, FrameId, parse_frame_id, sse

KEYS = st.text(max_size=8) | st.sampled_from([*sorted(SECRET_KEYS), "apiKey", "TOKEN", "tokens"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
DOCUMENTS = st.dictionaries(KEYS, JSON, max_size=4)
IDS = st.builds(FrameId, st.integers(0, 2**63 - 1), st.integers(0, 300))


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield every value with its path, not looking under secret keys."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            if not is_secret(key):
                yield from places(item, (*path, key))
            else:
                yield (*path, key), item
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


@given(JSON)
def test_redaction_replaces_secrets_and_nothing_else(value: Any) -> None:
    """Every value under a secret key is replaced, every other leaf is as it was, and the original is untouched."""
    before = orjson.dumps(value)
    old, new = dict(places(value)), dict(places(redact(value)))
    assert orjson.dumps(value) == before
    assert old.keys() == new.keys()
    for path, item in new.items():
        if path and isinstance(path[-1], str) and is_secret(path[-1]):
            assert item == REDACTED
        elif not isinstance(item, (dict, list)):
            assert item == old[path]


@given(JSON)
def test_redaction_is_idempotent(value: Any) -> None:
    """What is redacted already is returned as the same object."""
    once = redact(value)
    assert redact(once) is once


@given(DOCUMENTS, st.sampled_from([0, orjson.OPT_INDENT_2]))
def test_the_wire_form_loses_nothing(payload: dict[str, Any], option: int) -> None:
    """A client that follows the WHATWG rules reads back the id, the type and the whole document."""
    frame = Frame(type="log", id=str(FrameId(7, 1)), timestamp="t", run_id="r", payload=payload)
    text = sse(frame, lambda value: orjson.dumps(value, option=option).decode())
    assert text.endswith("\n\n")
    assert "\n\n" not in text[:-1]
    fields = [line.split(": ", 1) for line in text.removesuffix("\n\n").split("\n")]
    assert fields[:2] == [["id", frame.id], ["event", "log"]]
    assert orjson.loads("\n".join(value for name, value in fields if name == "data")) == frame.wire()


@given(IDS, IDS)
def test_ids_keep_the_order_of_the_log(one: FrameId, other: FrameId) -> None:
    """An id reads back as what it was made of, so that ids compare as frames follow each other."""
    assert parse_frame_id(str(one)) == one
    assert (parse_frame_id(str(one)) < parse_frame_id(str(other))) == (one < other)
