"""Values as PostgreSQL sends and takes them in binary."""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final

_HEADER: Final = Struct("!iiIii")
_LENGTH: Final = Struct("!i")
_BIGINT: Final = Struct("!q")
_BIGINT_ITEM: Final = Struct("!iq")
_NULL: Final = _LENGTH.pack(-1)
_BYTEA_OID: Final = 17
_BIGINT_OID: Final = 20
_TEXT_OID: Final = 25


def bigint(value: int) -> bytes:
    """Return a `bigint`."""
    return _BIGINT.pack(value)


def bigints(values: Iterable[int]) -> bytes:
    """Return a `bigint[]`."""
    return _array(_BIGINT_OID, [_BIGINT.pack(value) for value in values])


def texts(values: Iterable[str]) -> bytes:
    """Return a `text[]`, for a connection whose encoding is UTF-8."""
    return _array(_TEXT_OID, [value.encode() for value in values])


def blobs(values: Sequence[bytes | None]) -> bytes:
    """Return a `bytea[]`, in which None is NULL."""
    return _array(_BYTEA_OID, values)


def read_bigint(data: bytes | None) -> int:
    """Return the number that a `bigint` is; 0 for NULL."""
    return int(_BIGINT.unpack(data)[0]) if data else 0


def read_bigints(data: bytes | None) -> tuple[int, ...]:
    """Return the numbers of a `bigint[]` without NULLs; none of NULL and of an empty array."""
    items = (data or b"")[_HEADER.size :]
    return tuple(value for _, value in _BIGINT_ITEM.iter_unpack(items))


def _array(item_oid: int, items: Sequence[bytes | None]) -> bytes:
    """Return dimensions, flag of NULLs, type, size and lower bound, and each item after its length."""
    parts = [_HEADER.pack(1, None in items, item_oid, len(items), 1)]
    for item in items:
        parts += (_NULL,) if item is None else (_LENGTH.pack(len(item)), item)
    return b"".join(parts)
