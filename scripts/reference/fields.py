"""Fields of models and signatures of functions as Markdown."""

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from pydantic.alias_generators import to_camel
from scripts.reference.docstrings import attributes
from scripts.reference.markdown import table


def fields(model: Any, leave_out: tuple[str, ...] = ()) -> str:
    """Return the table of a model's fields, with a newline at its end; empty if none is left."""
    meanings = attributes(model)
    found = getattr(model, "model_fields", None) or model.__dataclass_fields__
    rows: list[tuple[str, ...]] = []
    for key, field in found.items():
        if key not in leave_out:
            annotation = getattr(field, "annotation", None) or field.type
            name = getattr(field, "alias", None) or key
            rows.append((f"`{name}`", f"`{_type(annotation)}`", _default(field), meanings.get(key, "")))
    for key, field in getattr(model, "model_computed_fields", {}).items():
        annotation = field.wrapped_property.fget.__annotations__["return"]
        rows.append((f"`{to_camel(key)}`", f"`{_type(annotation)}`", "derived", meanings.get(key, "")))
    if not any(row[3] for row in rows):
        rows = [row[:3] for row in rows]
    return table(("field", "type", "default", "meaning")[: len(rows[0])], rows) + "\n" if rows else ""


def signature(function: Callable[..., Any]) -> str:
    """Return what stands after a function's name, without `self` and the modules of types."""
    found = inspect.signature(function)
    parameters = [each for key, each in found.parameters.items() if key not in ("self", "cls")]
    text = str(found.replace(parameters=parameters))
    text = re.sub(r"<function (\w+) at [^>]+>", r"\1", text)
    text = re.sub(r"Annotated\[(.+?), FieldInfo\(.*?\)\]", r"\1", text).replace(" -> None", "").replace("~", "")
    return re.sub(r"(?:[A-Za-z_]\w*\.)+(\w+)", r"\1", text)


def _default(field: Any) -> str:
    if hasattr(field, "is_required"):
        if field.is_required():
            return "required"
        value = field.get_default(call_default_factory=True)
    elif field.default_factory is not MISSING:
        value = field.default_factory()
    elif field.default is not MISSING:
        value = field.default
    else:
        return "required"
    if hasattr(value, "model_dump") or "immutables" in repr(type(value)):
        return "`{}`"
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value, default=str)}`"


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    if not text or "[" in str(annotation) or "|" in str(annotation) or "Annotated" in str(annotation):
        text = str(annotation)
    text = re.sub(r"(?:\w+\.)+(\w+)", r"\1", text.replace("NoneType", "None"))
    text = re.sub(r"Annotated\[([^,\[\]]+(?:\[[^\[\]]*\])?), .*?\](?=[,\]\s]|$)", r"\1", text)
    text = re.sub(r"Optional\[(.+)\]$", r"\1 | None", text)
    text = text.replace("JsonValue", "JSON").replace("dict[str, Any]", "object").replace("Document", "object")
    text = re.sub(r"tuple\[([\w\[\], |]+), \.\.\.\]", r"list[\1]", text)
    return text.replace("|", "\\|").replace("<class '", "").replace("'>", "")
