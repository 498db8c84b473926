"""JSON Schema checks (draft 2020-12 unless the schema names another), with compiled validators kept.

References are resolved inside the schema only: nothing is ever fetched. The library is imported when the first schema
is looked at: most processes see none.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from flexes.envelope.redact import is_secret, redact

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError as JsonSchemaError
    from jsonschema.protocols import Validator

MAX_ISSUES = 10
"""Issues reported for one value; the rest would repeat the first."""


class Issue(NamedTuple):
    """One place where a value breaks its schema: a JSON pointer and a sentence."""

    pointer: str
    message: str


def schema_fault(schema: Mapping[str, Any]) -> str | None:
    """Return why the schema itself is unusable, or None."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema, default=Draft202012Validator).check_schema(dict(schema))
    except SchemaError as error:
        return f"{_pointer(error.absolute_path) or '/'}: {error.message}"
    except RecursionError:
        return "/: nested too deep; flatten it, or name its parts in `$defs`"
    return None


def schema_issues(schema: dict[str, Any], value: Any) -> tuple[Issue, ...]:
    """Return where the value breaks the schema, outermost first, at most MAX_ISSUES."""
    from referencing.exceptions import Unresolvable

    try:
        errors = sorted(_validator(_Key(schema)).iter_errors(value), key=lambda error: list(map(str, error.path)))
    except Unresolvable as error:
        return (Issue("", f"the schema refers to {error.ref!r}, which it does not contain"),)
    except RecursionError:
        return (Issue("", "nested too deep for its schema, or the schema refers to itself without end"),)
    return tuple(Issue(_place(error), _message(error)) for error in errors[:MAX_ISSUES])


class _Key:
    """A schema as a cache key: equal by identity first, so that the usual hit costs no hashing of the document."""

    __slots__ = ("schema", "text")

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self.text = repr(schema)

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and (self.schema is other.schema or self.text == other.text)


@lru_cache(maxsize=512)
def _validator(key: _Key) -> "Validator":
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for
    from referencing import Registry

    kind = validator_for(key.schema, default=Draft202012Validator)
    return kind(key.schema, registry=Registry())


def _place(error: "JsonSchemaError") -> str:
    """Return the pointer of the fault; of the missing key itself where one is required."""
    missing: list[str] = []
    if error.validator == "required" and isinstance(error.validator_value, list):
        missing = [key for key in error.validator_value if error.message.startswith(repr(key))]
    return _pointer([*error.absolute_path, *missing[:1]])


def _message(error: "JsonSchemaError") -> str:
    """Return what is wrong; the value, which the library quotes, is left out where it is or holds a secret."""
    if any(map(is_secret, error.absolute_path)) or redact(error.instance) is not error.instance:
        return f"breaks {error.validator!r} of its schema"
    return error.message[:300]


def _pointer(path: Any) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
