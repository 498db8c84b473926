"""The base of all documents: nothing unknown, nothing converted, nothing that cannot be stored."""

from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter, ValidationError

from flexes.envelope.model import MAX_DEPTH, MAX_INTEGER, Amount, Count, Json, Millis, Model, Name, Text

JSON: TypeAdapter[Any] = TypeAdapter(Json)


def nested(depth: int) -> Any:
    """Return a list nested so deep."""
    value: Any = 1
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize("value", [None, True, 0, -1.5, "", "\U0001f600", [], {"": [{}]}, MAX_INTEGER, -MAX_INTEGER])
def test_json_that_survives_storage(value: Any) -> None:
    """What is accepted is read back from its stored bytes unchanged."""
    accepted = JSON.validate_python(value)
    assert accepted == value
    assert orjson.loads(orjson.dumps(accepted)) == value


REFUSED: dict[str, Any] = {
    "not a number": float("nan"),
    "infinity": [float("inf")],
    "minus infinity": {"a": {"b": float("-inf")}},
    "64 bits": MAX_INTEGER + 1,
    "huge": -(10**400),
    "surrogate": "\ud800",
    "surrogate key": {"\udfff": 1},
    "deep surrogate": [["ok", {"deep": "\ud800"}]],
    "too deep": nested(MAX_DEPTH + 2),
    "bytes": b"bytes",
    "object": object(),
    "number as key": {1: 2},
    "set": {"a": {1, 2}},
}


@pytest.mark.parametrize("name", REFUSED)
def test_json_that_does_not(name: str) -> None:
    """NaN, infinities, huge integers, ill-formed text, too deep nesting and what is no JSON are refused."""
    with pytest.raises(ValidationError):
        JSON.validate_python(REFUSED[name])


def test_the_deepest_nesting() -> None:
    """Nesting up to the limit is accepted and can be stored."""
    assert orjson.loads(orjson.dumps(JSON.validate_python(nested(MAX_DEPTH)))) == nested(MAX_DEPTH)


class Sample(Model, frozen=True):
    """A document."""

    some_name: Name
    how_many: Count = 0


def test_keys() -> None:
    """camelCase and snake_case are accepted, camelCase is written, an unknown key is refused."""
    assert Sample.model_validate({"someName": "a", "how_many": 2}).wire() == {"someName": "a", "howMany": 2}
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Sample.model_validate({"someName": "a", "other": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Sample(some_name="a").some_name = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Count, [0, 1_000_000], [-1, 1_000_001, 1.5, "1", True, None]),
        (Millis, [0, 0.5, 1e13], [-0.1, 1e14, "5", float("nan"), None]),
        (Amount, [0, 0.01, 1e12], [-0.01, 1e13, "1", float("inf")]),
        (Name, ["a", "é" * 256], ["", "a" * 257, 5, None, "\ud800"]),
        (Text, ["", "a" * 5000], [5, None, b"a", "\ud800"]),
    ],
)
def test_values(kind: Any, good: list[Any], bad: list[Any]) -> None:
    """Numbers stay in their range, nothing is converted silently, text is well-formed."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    for value in good:
        assert adapter.validate_python(value) == value
    for value in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)
