"""Redaction of secret-looking keys (semantics 12)."""

import pytest

from flexes.envelope.redact import REDACTED, redact


@pytest.mark.parametrize(
    "key",
    ["token", "TOKEN", "secret", "password", "apiKey", "api_key", "API_KEY", "Authorization", "credential",
     "credentials", "access_token", "accessToken", "refresh_token", "refreshToken", "private_key", "privateKey"],
)  # fmt: skip
def test_secret_keys(key: str) -> None:
    """A secret key is matched whole and case-folded, and everything under it goes."""
    assert redact({key: {"deep": ["value"]}, "kept": 1}) == {key: REDACTED, "kept": 1}


@pytest.mark.parametrize("key", ["tokens", "token_count", "mytoken", "passwordless", "secretary", "keys", ""])
def test_nothing_is_guessed(key: str) -> None:
    """A key that only contains a secret word is not secret."""
    assert redact({key: "value"}) == {key: "value"}


def test_any_depth_without_touching_the_original() -> None:
    """Secrets go at any depth, in lists too; the given value stays as it was."""
    given = {"list": [{"password": "p"}, {"ok": [1, {"token": None}]}], "same": {"a": 1}}
    found = redact(given)
    assert found == {"list": [{"password": REDACTED}, {"ok": [1, {"token": REDACTED}]}], "same": {"a": 1}}
    assert given["list"] == [{"password": "p"}, {"ok": [1, {"token": None}]}]
    assert found["same"] is given["same"]


def test_nothing_to_redact_costs_nothing() -> None:
    """A value without secrets is returned as the same object, and a redacted one too."""
    clean = {"a": [1, {"b": None}], "c": "token"}
    assert redact(clean) is clean
    once = redact({"token": 1})
    assert redact(once) is once


def test_tuples_become_lists() -> None:
    """A live event's tuples and a stored event's lists look the same."""
    assert redact({"pairs": (("a", 1), ["b", 2])}) == {"pairs": [["a", 1], ["b", 2]]}
    assert type(redact({"pairs": ()})["pairs"]) is list
