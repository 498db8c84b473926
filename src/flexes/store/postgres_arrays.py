"""Arrays as PostgreSQL takes them in binary: psycopg's own dumper takes longer over a small one than its server."""

from collections.abc import Sequence
from struct import Struct
from typing import ClassVar

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER = Struct("!iiIii")
_LENGTH = Struct("!i")
_BIGINT = Struct("!q")
_NULL = _LENGTH.pack(-1)


class Texts(tuple[str, ...]):
    """A `text[]`."""


class Blobs(tuple[bytes | None, ...]):
    """A `bytea[]`; None is NULL."""


class Bigints(tuple[int, ...]):
    """A `bigint[]`."""


def register_arrays(connection: Connection[tuple[object, ...]]) -> None:
    """Let a connection take `Texts`, `Blobs` and `Bigints` as parameters `%b`."""
    connection.adapters.register_dumper(Texts, _TextsDumper)
    connection.adapters.register_dumper(Blobs, _BlobsDumper)
    connection.adapters.register_dumper(Bigints, _BigintsDumper)


class _ArrayDumper(Dumper):
    format = Format.BINARY
    item_oid: ClassVar[int]

    def packed(self, items: Sequence[bytes | None]) -> bytes:
        """Return dimensions, flag of nulls, type, size and lower bound, and each item after its length."""
        parts = [_HEADER.pack(1, None in items, self.item_oid, len(items), 1)]
        for item in items:
            parts += (_NULL,) if item is None else (_LENGTH.pack(len(item)), item)
        return b"".join(parts)


class _TextsDumper(_ArrayDumper):
    oid, item_oid = 1009, 25

    def dump(self, obj: Texts) -> bytes:
        return self.packed([item.encode() for item in obj])


class _BlobsDumper(_ArrayDumper):
    oid, item_oid = 1001, 17

    def dump(self, obj: Blobs) -> bytes:
        return self.packed(obj)


class _BigintsDumper(_ArrayDumper):
    oid, item_oid = 1016, 20

    def dump(self, obj: Bigints) -> bytes:
        return self.packed([_BIGINT.pack(item) for item in obj])
