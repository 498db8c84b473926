"""Compressed events: never longer, never another event, and readable for ever."""

from hashlib import sha256

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexes.store.compression import compress, decompress
from flexes.store.dictionary import DICTIONARIES

STORED = bytes.fromhex(
    "01c3e33643034b62dc966a94646468919202d46b66a26b6a6066a99b946a68ae6b9962916a6c946c92946a614aacfb93f17ba03c199b1700"
)
"""A NodeStarted as dictionary 1 compressed it."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('aé\U0001f600"\\'),
    lambda each: st.lists(each) | st.dictionaries(st.text("nodeId"), each),
)


@given(st.dictionaries(st.text(), JSON))
def test_what_is_compressed_is_read_back(fields: dict[str, object]) -> None:
    """Compressing loses nothing and lengthens nothing; plain bytes are read as they are."""
    plain = orjson.dumps(fields)
    stored = compress(plain)
    assert len(stored) <= len(plain)
    assert decompress(stored) == decompress(plain) == plain


def test_the_first_byte_tells() -> None:
    """Compressed bytes begin with the number of their dictionary, which no JSON begins with (a storage format)."""
    plain = b'{"at":"2026-01-01T00:00:00.000000Z","actor":"driver","commandId":"c","planVersion":1}'
    assert (compress(plain)[0], compress(b"{}")) == (max(DICTIONARIES), b"{}")
    assert max(DICTIONARIES) < ord("\t")


def test_what_was_compressed_once_is_readable_for_ever() -> None:
    """The bytes of a dictionary never change: what a release stored with it, later ones read."""
    assert sha256(DICTIONARIES[1]).hexdigest() == "852b3813bc95fcdfa787b6b8811f3a436e5c6c94f579f9a5a8f277cc288cd3ba"
    fields = orjson.loads(decompress(STORED))
    assert (fields["nodeId"], fields["capabilityId"], fields["schemaVersion"]) == ("c", "wc", 1)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x1f" + STORED[1:], "dictionary 31, which this release does not have"),
        (STORED[:-3], "cut off or continued"),
        (STORED + b"\x00", "cut off or continued"),
        (b"\x01" + b"\xff" * 9, "cannot be decompressed"),
    ],
)
def test_what_is_no_stored_event_is_refused(data: bytes, told: str) -> None:
    """Compressed bytes that are not whole, or of a later release, are a fault that says so, never another event."""
    with pytest.raises(ValueError, match=told):
        decompress(data)
