"""Redaction: values under secret-looking keys never reach a frame, a log or an audit row (semantics 12).

Rules:
1. A key is secret if it is one of SECRET_KEYS, exactly, after case folding: `apiKey` is, `tokens` is not.
2. The whole value under such a key is replaced, at any depth, whatever it is.
3. The given value is never changed; where nothing has to be, it is returned as it is.
"""

from collections.abc import Mapping
from functools import lru_cache
from operator import is_
from typing import Any, Final

REDACTED: Final = "[redacted]"

SECRET_KEYS: Final = frozenset(
    {
        "token", "access_token", "accesstoken", "refresh_token", "refreshtoken", "id_token", "idtoken",
        "auth_token", "authtoken", "session_token", "sessiontoken", "bearer_token", "bearertoken",
        "secret", "secrets", "client_secret", "clientsecret", "secret_key", "secretkey",
        "password", "passwd", "passphrase",
        "api_key", "apikey", "api-key", "x-api-key", "access_key", "accesskey", "private_key", "privatekey",
        "authorization", "proxy-authorization", "cookie", "set-cookie",
        "credential", "credentials",
    }
)  # fmt: skip
"""Every secret key, case-folded. The list is closed: nothing is guessed from parts of a key."""

_LEAVES: Final = frozenset({str, int, float, bool, type(None)})
"""Types of most values of a document; any other may hold something."""


def redact(value: Any) -> Any:
    """Return the value with secrets as `REDACTED` and tuples as lists; the same object if it has neither."""
    if isinstance(value, dict):
        return _object(value)
    if isinstance(value, (list, tuple)):
        return _array(value)
    return value


@lru_cache(maxsize=4096)
def is_secret(key: object) -> bool:
    """Return whether the value under this key is redacted; an index is no key."""
    return isinstance(key, str) and key.casefold() in SECRET_KEYS


def _object(document: Mapping[str, Any]) -> Mapping[str, Any]:
    changes: dict[str, Any] = {}
    for key, item in document.items():
        if is_secret(key):
            if item is not REDACTED:
                changes[key] = REDACTED
        elif type(item) not in _LEAVES:
            kept = redact(item)
            if kept is not item:
                changes[key] = kept
    return {**document, **changes} if changes else document


def _array(items: list[Any] | tuple[Any, ...]) -> list[Any]:
    kept = [item if type(item) in _LEAVES else redact(item) for item in items]
    if isinstance(items, list) and all(map(is_, kept, items)):
        return items
    return kept
