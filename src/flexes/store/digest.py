"""The digest chain: an event's digest covers its own bytes and, through the one before it, all earlier ones.

`h_0 = sha256(run_id)` and `h_n = sha256(h_{n-1} | run_id | version | type | stored bytes)`. Each of the five
fields is preceded by its length in bytes, so that no byte can move from one field to the next unseen; lengths
and the version are 8 bytes, big-endian. This is a storage format: every store and release computes it alike.

A chain cannot show by itself that the last events of a run were cut off. Their positions are then missing from the log
(`Numbered.holes`); against somebody who hides that too, keep the last digest elsewhere.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

from flexes.ids import RunId
from flexes.store.port import Row

_SIZE_OF_DIGEST: Final = (32).to_bytes(8, "big")
_SIZE_OF_VERSION: Final = (8).to_bytes(8, "big")


class Break(NamedTuple):
    """The first place where a run's stored events are not what was appended."""

    version: int
    why: str

    def __str__(self) -> str:
        """Return the break as one line."""
        return f"version {self.version}: {self.why}"


def first_digest(run_id: RunId) -> bytes:
    """Return the digest that stands before a run's first event."""
    return sha256(run_id.encode()).digest()


def next_digest(previous: bytes, run_id: RunId, version: int, type_: str, data: bytes) -> bytes:
    """Return the digest of an event from the one before it."""
    digest = sha256(_SIZE_OF_DIGEST + previous + _framed(run_id) + _SIZE_OF_VERSION + version.to_bytes(8, "big"))
    digest.update(_framed(type_) + len(data).to_bytes(8, "big"))
    digest.update(data)
    return digest.digest()


def verify_chain(rows: Iterable[Row]) -> Break | None:
    """Return the first break in a run, None if there is none.

    Args:
        rows: All events of the run as stored, from version 1 in version order.
    """
    previous: Row | None = None
    for row in rows:
        why = _broken_order(previous, row) or _broken_digest(previous, row)
        if why is not None:
            return why
        previous = row
    return None


@lru_cache(maxsize=1024)
def _framed(text: str) -> bytes:
    """Return a text's bytes after their length."""
    encoded = text.encode()
    return len(encoded).to_bytes(8, "big") + encoded


def _broken_order(previous: Row | None, row: Row) -> Break | None:
    last_version, last_position = (previous.version, previous.position) if previous else (0, 0)
    if previous and row.run_id != previous.run_id:
        return Break(row.version, f"belongs to run {row.run_id}, the one before it to {previous.run_id}")
    if row.version > last_version + 1:
        return Break(last_version + 1, f"is missing: {last_version} is followed by {row.version}")
    if row.version <= last_version:
        return Break(row.version, f"is out of order: it follows {last_version}")
    if row.position <= last_position:
        return Break(row.version, f"was moved in the log: position {row.position} follows {last_position}")
    return None


def _broken_digest(previous: Row | None, row: Row) -> Break | None:
    before = previous.digest if previous else first_digest(row.run_id)
    if next_digest(before, row.run_id, row.version, row.type, row.data) == row.digest:
        return None
    return Break(row.version, "was changed: its run, version, type, bytes or digest are not those that were appended")
