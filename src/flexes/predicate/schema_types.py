"""What a JSON Schema says of the types at a place, as far as that can be read off it."""

from collections.abc import Iterable
from typing import Final, TypeAlias

from pydantic import JsonValue

from flexes.envelope.paths import Segment

Schema: TypeAlias = dict[str, JsonValue]

ANY_TYPE: Final = frozenset({"null", "boolean", "string", "number", "integer", "array", "object"})
_MAX_HOPS: Final = 16


def alternatives(schema: JsonValue, whole: Schema, hops: int = _MAX_HOPS) -> tuple[Schema, ...]:
    """Return the schemas of which a value fits one, local `$ref`, `anyOf`, `oneOf` followed; `{}` is any."""
    if schema is False:
        return ()
    if not isinstance(schema, dict) or "allOf" in schema or hops == 0:
        return ({},)
    if "$ref" in schema:
        return alternatives(_referred(schema["$ref"], whole), whole, hops - 1)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if not isinstance(branches, list):
        return (schema,)
    shared = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
    parts = [part for branch in branches for part in alternatives(branch, whole, hops - 1)]
    return tuple(_joined(shared, part) for part in parts)


def below_schema(schema: Schema, segment: Segment) -> tuple[JsonValue, ...]:
    """Return the schemas of what is at a key, an index or `[*]`; none where nothing is allowed."""
    if not types_of(schema) & {"object" if isinstance(segment, str) else "array"}:
        return ()
    if not isinstance(segment, str):
        return (True if "prefixItems" in schema else schema.get("items", True),)
    properties = schema.get("properties")
    if isinstance(properties, dict) and segment in properties:
        return (properties[segment],)
    return (True if "patternProperties" in schema else schema.get("additionalProperties", True),)


def types_of(schema: Schema) -> frozenset[str]:
    """Return the types that a value may have."""
    declared = schema.get("type")
    if isinstance(declared, str):
        return _widened([declared])
    if isinstance(declared, list):
        return _widened([kind for kind in declared if isinstance(kind, str)])
    if "const" in schema:
        return _widened([_type_of(schema["const"])])
    listed = schema.get("enum")
    return _widened([_type_of(value) for value in listed]) if isinstance(listed, list) else ANY_TYPE


def _joined(shared: Schema, part: Schema) -> Schema:
    joined = {**shared, **part}
    if isinstance(mine := shared.get("properties"), dict) and isinstance(its := part.get("properties"), dict):
        joined["properties"] = {**mine, **its}
    return joined


def _referred(reference: JsonValue, whole: Schema) -> JsonValue:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return True
    here: JsonValue = whole
    for step in reference[1:].split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(here, dict) or key not in here:
            return True
        here = here[key]
    return here


def _widened(kinds: Iterable[str]) -> frozenset[str]:
    held = frozenset(kinds)
    return held | {"integer"} if "number" in held else held


def _type_of(value: JsonValue) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")
