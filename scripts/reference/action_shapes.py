"""What an action looks like: its JSON with every option, and the options in a table."""

import json
from collections.abc import Mapping
from typing import Any

from scripts.reference.markdown import json_block, table
from scripts.reference.meanings import FULL, MEANINGS

from flexes.policy import actions as act
from flexes.policy.legacy import PolicyModel


def shape(kind: str) -> str:
    """Return an action's JSON with every option, and a table of the options."""
    model = type(FULL[kind])
    document = FULL[kind].model_dump(mode="json", by_alias=True, exclude_none=True)
    backoff = [_options("backoff", act.Backoff)] if kind == "goto" else []
    return "\n\n".join([json_block(document), _options(kind, model), *backoff])


def absent(default: Any) -> str:
    """Return a default; `absent` where there is none."""
    return "absent" if default is None else f"`{json.dumps(default)}`"


def type_in_words(field: Mapping[str, Any]) -> str:
    """Return a JSON Schema's type in words."""
    parts = [found for found in field.get("anyOf", [field]) if found.get("type") != "null"]
    return " or ".join(dict.fromkeys(_one_type(part) for part in parts))


def _options(name: str, model: type[PolicyModel]) -> str:
    schema = model.model_json_schema(by_alias=True)
    schema = schema.get("$defs", {}).get(model.__name__, schema)
    required = schema.get("required", [])
    rows = []
    for key, field in schema["properties"].items():
        if key != "type":
            default = "required" if key in required else absent(field.get("default"))
            rows.append((f"`{key}`", type_in_words(field), default, MEANINGS[f"{name}.{key}"]))
    title = "option" if name != "backoff" else "option of `backoff`"
    return table((title, "value", "default", "means"), rows)


def _one_type(part: Mapping[str, Any]) -> str:
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if "oneOf" in part:
        return "action"
    if "$ref" in part:
        named = str(part["$ref"]).rsplit("/", 1)[1].lower()
        return named if named == "selector" else "object"
    if "type" not in part:
        return "any JSON"
    low = part.get("minimum", part.get("exclusiveMinimum"))
    if low is None:
        return "text"
    sign = "above " if "exclusiveMinimum" in part else ""
    return f"{part['type']}, {sign}{low:,} to {part['maximum']:,.0f}"
