"""Run ids that callers choose: UUIDs, in their canonical spelling."""

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
    except (ValueError, AttributeError):
        problem = Problem("bad_run_id", "/runId", "a run id is a UUID; leave it out to get one", repr(text)[:80])
        raise InvalidDocument([problem], "command") from None


def known_run_id(text: str) -> RunId:
    """Return the id in its canonical spelling; what is no UUID stays as it is, and names no run."""
    try:
        return RunId(str(UUID(text)))
    except (ValueError, AttributeError):
        return RunId(text)
