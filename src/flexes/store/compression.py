"""Events in fewer bytes, and back: the first byte of a stored event says which it is.

No event in plain JSON begins with a byte below 32. Such a byte is the number of a dictionary, and raw DEFLATE with that
preset dictionary follows. The names are those that `eventsourcing` wants of a compressor.
"""

from typing import Final
from zlib import DEFLATED, compressobj, decompressobj, error

from flexes.store.dictionary import DICTIONARIES

_PLAIN: Final = 32
"""The least first byte of plain JSON."""

_LEVEL: Final = 6
_MEMORY: Final = 6
_WINDOW: Final = -13
"""Raw, with a window of 8 KB: clearing the memory of a larger one costs small events more time than it saves bytes."""

_WRITTEN: Final = max(DICTIONARIES)
_MARK: Final = bytes([_WRITTEN])
_PREPARED: Final = compressobj(_LEVEL, DEFLATED, _WINDOW, _MEMORY, zdict=DICTIONARIES[_WRITTEN])
"""Never used itself: a copy takes less time than reading the dictionary again."""


def compress(data: bytes) -> bytes:
    """Return the bytes of an event compressed, or as they are if that is not shorter."""
    packer = _PREPARED.copy()
    packed = b"".join((_MARK, packer.compress(data), packer.flush()))
    return packed if len(packed) < len(data) else data


def decompress(data: bytes) -> bytes:
    """Return the plain bytes of an event, however they are stored.

    Raises:
        ValueError: They are compressed, but not whole, or by a later release.
    """
    if not data or data[0] >= _PLAIN:
        return data
    dictionary = DICTIONARIES.get(data[0])
    if dictionary is None:
        raise ValueError(f"it is compressed with dictionary {data[0]}, which this release does not have")
    unpacker = decompressobj(_WINDOW, dictionary)
    try:
        found = unpacker.decompress(data[1:])
    except error as fault:
        raise ValueError(f"it cannot be decompressed: {fault}") from None
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("it cannot be decompressed: it is cut off or continued")
    return found
