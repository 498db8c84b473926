"""What callers choose: run ids, which are UUIDs in their canonical spelling, and idempotency keys."""

from uuid import UUID

from flexes.errors import InvalidDocument, Problem
from flexes.ids import RunId


def checked_run_id(text: str) -> RunId:
    """Return the id in its canonical spelling.

    Raises:
        InvalidDocument: It is not a UUID.
    """
    try:
        return RunId(str(UUID(text)))
    except (ValueError, AttributeError, TypeError):
        problem = Problem("bad_run_id", "/runId", "a run id is a UUID; leave it out to get one", repr(text)[:80])
        raise InvalidDocument([problem], "command") from None


def known_run_id(text: str) -> RunId:
    """Return the id in its canonical spelling; what is no UUID stays as it is, and names no run."""
    try:
        return RunId(str(UUID(text)))
    except (ValueError, AttributeError, TypeError):
        return RunId(str(text))


def checked_key(key: str | None) -> str | None:
    """Return an idempotency key as it is; None for none.

    Raises:
        InvalidDocument: It is empty, which no caller means, or it is no text.
    """
    if key is None or (isinstance(key, str) and key and _is_well_formed(key)):
        return key
    remedy = "an idempotency key is a text of at least one character; leave it out to have none"
    raise InvalidDocument([Problem("bad_idempotency_key", "/idempotencyKey", remedy, repr(key)[:80])], "command")


def _is_well_formed(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
