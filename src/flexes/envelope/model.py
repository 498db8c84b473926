"""The base of every document model: frozen, camelCase on the wire, unknown keys refused, no silent conversion."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, JsonValue, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic.functional_validators import AfterValidator
from pydantic_core import PydanticCustomError

MAX_INTEGER: Final = 2**63 - 1
"""Largest integer magnitude in a payload; stored JSON is 64 bit."""

MAX_DEPTH: Final = 200
"""Deepest nesting of a payload; deeper documents cannot be stored and read back safely."""


class Model(
    BaseModel,
    frozen=True,
    extra="forbid",
    alias_generator=to_camel,
    populate_by_name=True,
    allow_inf_nan=False,
    defer_build=True,  # a process validates few of the models that it imports
):
    """A frozen document; accepts camelCase and snake_case keys, writes camelCase."""

    def wire(self) -> dict[str, Any]:
        """Return the document as plain JSON data with camelCase keys, absent values left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def plain_json(value: JsonValue) -> JsonValue:
    """Return the value if it is JSON that can be stored and read back unchanged.

    Raises:
        PydanticCustomError: NaN, an infinity, an integer beyond 64 bits, a lone surrogate, or too deep a nesting.
    """
    pending: list[tuple[JsonValue, int]] = [(value, 1)]
    while pending:
        item, depth = pending.pop()
        fault = _fault(item, depth)
        if fault:
            raise PydanticCustomError("bad_json", "{fault}", {"fault": fault})
        if isinstance(item, dict):
            pending.extend((child, depth + 1) for child in item.values())
            pending.extend((key, depth + 1) for key in item)
        elif isinstance(item, list):
            pending.extend((child, depth + 1) for child in item)
    return value


def well_formed(text: str) -> str:
    """Return the text if it can be stored.

    Raises:
        PydanticCustomError: It holds a lone surrogate.
    """
    fault = None if text.isascii() else _surrogate(text)
    if fault:
        raise PydanticCustomError("bad_text", "{fault}", {"fault": fault, "value": ascii(text)[:80]})
    return text


def _fault(item: JsonValue, depth: int) -> str | None:
    if depth > MAX_DEPTH:
        return f"nested more than {MAX_DEPTH} levels deep; flatten the value"
    if isinstance(item, float) and (item != item or item in (float("inf"), float("-inf"))):
        return "NaN and infinity are not JSON; use null or leave the value out"
    if type(item) is int and abs(item) > MAX_INTEGER:
        return "integers are limited to 64 bits; send a larger one as a string"
    return _surrogate(item) if isinstance(item, str) and not item.isascii() else None


def _surrogate(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "a lone surrogate is not text; send well-formed Unicode"
    return None


Json = Annotated[JsonValue, AfterValidator(plain_json), WithJsonSchema({})]
"""Any JSON value that survives storage: finite, 64-bit integers, well-formed text, bounded nesting."""

Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
"""A whole number from zero up to a million."""

Millis = Annotated[float, Field(strict=True, ge=0, le=1e13)]
"""A duration in milliseconds, at most about three centuries."""

Amount = Annotated[float, Field(strict=True, ge=0, le=1e12)]
"""A cost in the caller's currency."""

Number = Annotated[float, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True), AfterValidator(well_formed)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=256), AfterValidator(well_formed)]
"""An id: one to 256 characters."""
