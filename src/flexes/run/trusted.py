"""Models made from values that were validated before, without validating them again.

What flexes stored, it validated when it stored it. Filling an object directly is what `model_construct` does, at a
tenth of its cost: it takes every value by itself, this takes them as they are.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

_new = object.__new__
_put = object.__setattr__


class Blank(NamedTuple):
    """A form of a model, to be filled in.

    Attributes:
        values: Every field in order, with its default.
        required: Fields that have none.
        names: All fields.
    """

    values: Mapping[str, Any]
    required: frozenset[str]
    names: set[str]


@cache
def blank(kind: type[BaseModel]) -> Blank:
    """Return the form of a type; a default that is made anew each time is shared here, so nothing may change it."""
    fields = kind.model_fields
    required = frozenset(name for name, field in fields.items() if field.is_required())
    values = {
        name: None if name in required else field.get_default(call_default_factory=True)
        for name, field in fields.items()
    }
    return Blank(values, required, set(fields))


def filled(kind: type[M], fields: Mapping[str, Any]) -> M:
    """Return a model of these fields and the defaults of the others.

    Raises:
        TypeError: A field is missing, or the type has none of that name.
    """
    form = blank(kind)
    values = {**form.values, **fields}
    if len(values) != len(form.values) or not form.required <= fields.keys():
        raise TypeError(f"{kind.__name__} cannot be made of {sorted(fields)}; it has {sorted(form.values)}")
    return trusted(kind, values, form.names)


def trusted(kind: type[M], values: dict[str, Any], given: set[str]) -> M:
    """Return a model whose fields are exactly these.

    Args:
        kind: A model without private attributes and without extra fields.
        values: A value for every field, by field name; the model owns it from now on.
        given: Names of the fields that count as set; may be shared, nothing changes it.
    """
    made = _new(kind)
    _put(made, "__dict__", values)
    _put(made, "__pydantic_fields_set__", given)
    _put(made, "__pydantic_extra__", None)
    _put(made, "__pydantic_private__", None)
    return made
