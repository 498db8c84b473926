"""Identifiers and instants: the two kinds of text that every stage passes along.

An id is a distinct type, so that a node id is never handed where a run id is meant. An instant is RFC 3339 text in UTC
with exactly six decimals and a `Z`: it sorts as text in time order and is the same in memory, in an event and on the
wire. Both arithmetic functions are exact to the millisecond that they are given.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha1
from typing import Final, NewType
from uuid import UUID, uuid5

RunId = NewType("RunId", str)
OperationId = NewType("OperationId", str)
CommandId = NewType("CommandId", str)
Instant = NewType("Instant", str)

_MILLISECOND: Final = timedelta(milliseconds=1)
_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""What the variant of a UUID makes of its first digit."""
RUN_NAMESPACE: Final = UUID("6f1d8f9a-3d0e-5c1b-9a53-0f6a1f1c7e55")
"""Namespace of run ids made from an idempotency key or a scenario."""


def derived_run_id(key: str) -> RunId:
    """Return the run id that belongs to a start's idempotency key."""
    return RunId(str(uuid5(RUN_NAMESPACE, key)))


def derived_id(run_id: RunId, *parts: str | int) -> str:
    """Return the id of something inside a run, the same each time for the same parts: a UUID of version 5.

    Written out, since a finished node needs four of them and the objects of `uuid` cost seven times as much.
    """
    name = "\x1f".join(map(str, parts)).encode()
    text = sha1(_namespace(run_id) + name, usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def instant(moment: datetime) -> Instant:
    """Return an aware moment as an instant.

    Raises:
        ValueError: The moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone: pass an aware datetime, such as datetime.now(UTC)")
    return Instant(moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z")


def moment(at: Instant) -> datetime:
    """Return an instant as an aware datetime in UTC."""
    return datetime.fromisoformat(at)


def plus_ms(at: Instant, duration_ms: float) -> Instant:
    """Return the instant that many milliseconds later."""
    return instant(moment(at) + timedelta(milliseconds=duration_ms))


def ms_between(start: Instant, end: Instant) -> float:
    """Return the milliseconds from start to end; negative when end is earlier."""
    return (moment(end) - moment(start)) / _MILLISECOND


@lru_cache(maxsize=1024)
def _namespace(run_id: RunId) -> bytes:
    return UUID(run_id).bytes
