"""From Python values to the cells of a row: JSON as text, with secrets redacted as in frames (semantics 12)."""

from collections.abc import Mapping
from typing import Any

import orjson

from flexes.envelope.redact import redact


def json_cell(value: Any) -> str:
    """Return a value as JSON text with its keys in the order that they have."""
    return orjson.dumps(value, default=_plain).decode()


def redacted_cell(value: Any) -> str | None:
    """Return a value as JSON text without secrets; None stays None."""
    return None if value is None else json_cell(redact(_dict(value)))


def _dict(value: Any) -> Any:
    plain = isinstance(value, (dict, list, tuple))  # asking whether it is some other mapping takes long
    return value if plain or not isinstance(value, Mapping) else dict(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
