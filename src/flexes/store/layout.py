"""How a type of event lies in stored JSON: worked out once for each set of keys, not once an event.

Of one type, most events carry the same keys in the same order. What follows from them alone (which field each key is,
which defaults fill the rest, what makes of JSON the value that it was) is a `Layout`, and it is kept.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from flexes.run.events import Event, SignalEvaluated
from flexes.store.grouping import grouped, ungrouped

BESIDE: Final = frozenset({"run_id", "version"})
"""Fields that stand beside the stored bytes."""

FOLLOWING: Final[Mapping[tuple[type[Event], str], Callable[[Mapping[str, Any]], Any]]] = {
    (SignalEvaluated, "signal_id"): lambda values: f"signal-{values['version'] - 1}",
}
"""Required fields that are left out where they are what follows from the others: a signal is named after its fact."""

_GROUPED: Final = (SignalEvaluated, "outcomes")


class Misfit(ValueError):
    """Stored keys that are not those of the type; says which."""


class Layout(NamedTuple):
    """What follows from the keys of a stored event.

    Attributes:
        names: The field of each key, in the order of the keys.
        blank: Every field of the type in order, with its default if it has one.
        made: Fields that are absent and made for each event, by its other fields.
        read: Fields that are stored in another form than the event has, and what makes it of that form.
        given: The fields that are present.
    """

    names: tuple[str, ...]
    blank: dict[str, Any]
    made: tuple[tuple[str, Callable[[Mapping[str, Any]], Any]], ...]
    read: tuple[tuple[str, Callable[[Any], Any]], ...]
    given: set[str]


class Written(NamedTuple):
    """How a type is written: first every required field, then those that differ from what follows or their default.

    Attributes:
        keys: The key of each required field.
        values: Takes the required values off the fields of an event.
        formed: Key of each required field that is stored in another form, and what makes that form.
        following: Name and key of each field that may follow from the others, and what it is then.
        optional: Name, key and default of every other field but the schema version, which is always written last.
    """

    keys: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    formed: tuple[tuple[str, Callable[[Any], Any]], ...]
    following: tuple[tuple[str, str, Callable[[Mapping[str, Any]], Any]], ...]
    optional: tuple[tuple[str, str, Any], ...]


@lru_cache(maxsize=512)
def layout(kind: type[Event], keys: tuple[str, ...]) -> Layout:
    """Return the layout of these keys.

    Raises:
        Misfit: A key is unknown, or a required one is missing.
    """
    by_key = {field.alias or name: name for name, field in kind.model_fields.items()}
    unknown = next((key for key in keys if key not in by_key), None)
    if unknown is not None:
        raise Misfit(f"has no field {unknown!r}; upgrade flexes")
    names = tuple(by_key[key] for key in keys)
    absent = [(name, field) for name, field in kind.model_fields.items() if name not in {*names, *BESIDE}]
    made = tuple((name, make) for name, field in absent if (make := _make(kind, name, field)) is not None)
    missing = sorted({name for name, field in absent if field.is_required()}.difference(dict(made)))
    if missing:
        raise Misfit(f"lacks {', '.join(missing)}; run `flexes verify`")
    return Layout(
        names,
        {name: None if field.is_required() else field.default for name, field in kind.model_fields.items()},
        made,
        tuple((name, read) for name in names if (read := _read(kind, name)) is not None),
        {*names, *BESIDE},
    )


@cache
def written(kind: type[Event]) -> Written:
    """Return how events of this type are written."""
    fields = [(name, field.alias or name, field) for name, field in kind.model_fields.items() if name not in BESIDE]
    required = [(name, key) for name, key, field in fields if field.is_required() and (kind, name) not in FOLLOWING]
    return Written(
        tuple(key for _, key in required),
        itemgetter(*(name for name, _ in required)),
        tuple((key, grouped) for name, key in required if (kind, name) == _GROUPED),
        tuple((name, key, FOLLOWING[kind, name]) for name, key, _ in fields if (kind, name) in FOLLOWING),
        tuple(
            (name, key, field.get_default(call_default_factory=True))
            for name, key, field in fields
            if not field.is_required() and name != "schema_version"
        ),
    )


def _make(kind: type[Event], name: str, field: FieldInfo) -> Callable[[Mapping[str, Any]], Any] | None:
    factory: Callable[..., Any] | None = field.default_factory
    return FOLLOWING.get((kind, name)) if factory is None else lambda _: factory()


def _read(kind: type[Event], name: str) -> Callable[[Any], Any] | None:
    if (kind, name) == _GROUPED:
        return ungrouped
    annotation = kind.model_fields[name].annotation
    if get_origin(annotation) is not tuple:
        return None
    return _tuples if get_origin(get_args(annotation)[0]) is tuple else tuple


def _tuples(value: Any) -> Any:
    return tuple(map(tuple, value))
