"""A predicate against what is known of the facets: names that nothing produces, types that can never fit.

Sound, not complete: what a schema leaves open, or says in a way that is not followed here, is taken to fit.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from pydantic import JsonValue

from flexes.envelope.paths import Path, Segment
from flexes.errors import Problem
from flexes.predicate.ast import (
    Compare,
    Count,
    Exists,
    Includes,
    Leaf,
    NonEmpty,
    When,
    leaves_of,
    stored_path,
)
from flexes.predicate.printer import print_text
from flexes.predicate.refusal import nearest
from flexes.predicate.schema_types import ANY_TYPE, Schema, alternatives, below_schema, types_of

Catalog: TypeAlias = Mapping[str, JsonValue]
"""Facet name to JSON Schema; None where the facet may hold any JSON."""

_NUMBER: Final = frozenset({"number", "integer"})
_ORDERED: Final = ("null", "boolean", "string", "number", "list", "object")
_NAME: Final[JsonValue] = {"type": ["string", "null"]}
_AMOUNT: Final[JsonValue] = {"type": ["number", "null"]}
_RESERVED: Final[Mapping[str, Mapping[str, JsonValue]]] = {
    "$run": dict.fromkeys(("costTotal", "costProjected", "replans", "elapsedMs"), _AMOUNT),
    "$node": {
        **dict.fromkeys(("id", "kind", "stage", "capability"), _NAME),
        **dict.fromkeys(("attempt", "latencyMs", "cost"), _AMOUNT),
    },
    "$signal": {
        "kind": {"type": "string"},
        "metrics": {"additionalProperties": {"type": "number"}},
        "validation": {"properties": {"ok": {"type": "boolean"}}},
        "retryable": {"type": ["boolean", "null"]},
    },
}


def check_facets(ast: When, catalog: Catalog) -> tuple[Problem, ...]:
    """Return `unknown_facet` and `type_mismatch`, one a leaf at most; the value is the leaf's text."""
    found = (_check(leaf, catalog) for leaf in leaves_of(ast))
    return tuple(dict.fromkeys(problem for problem in found if problem))


def _check(leaf: Leaf, catalog: Catalog) -> Problem | None:
    path = stored_path(leaf.path)
    if path.root in _RESERVED:
        schema: JsonValue = {"properties": dict(_RESERVED[path.root])}
    elif path.root in catalog:
        schema = catalog[path.root]
    else:
        remedy = nearest(path.root, catalog) or "; declare it in the registry or correct the path"
        return Problem("unknown_facet", "", f"nothing produces the facet {path.root}{remedy}", print_text(leaf))
    whole = schema if isinstance(schema, dict) else {}
    return _follow(leaf, path, alternatives(schema, whole), whole)


def _follow(leaf: Leaf, path: Path, here: tuple[Schema, ...], whole: Schema) -> Problem | None:
    for position, segment in enumerate(path.segments):
        wanted = frozenset({"object" if isinstance(segment, str) else "array"})
        at = Path(path.root, path.segments[:position])
        if not _fits(here, wanted):
            return _mismatch(leaf, at, wanted, here)
        inside = [part for schema in here for part in below_schema(schema, segment)]
        here = tuple(found for part in inside for found in alternatives(part, whole))
        if not here:
            return _unknown_key(leaf, at, segment)
    wanted = _taken(leaf)
    return None if _fits(here, wanted) else _mismatch(leaf, path, wanted, here)


def _taken(leaf: Leaf) -> frozenset[str]:
    """Return the JSON Schema types that the leaf can look at."""
    match leaf:
        case Compare():
            return _compared(leaf)
        case Exists():
            return ANY_TYPE
        case NonEmpty():
            # behind [*] the elements that hold something are counted, whatever it is
            return ANY_TYPE if "[*]" in leaf.path else frozenset({"array", "object", "string"})
        case Count():
            return ANY_TYPE if "[*]" in leaf.path else frozenset({"array", "object"})
        case Includes():
            return ANY_TYPE if "[*]" in leaf.path else frozenset({"array"})


def _compared(leaf: Compare) -> frozenset[str]:
    if leaf.value is None:
        return ANY_TYPE - {"array", "object"}
    if isinstance(leaf.value, bool):
        return frozenset({"boolean"})
    return frozenset({"string"}) if isinstance(leaf.value, str) else _NUMBER


def _fits(here: Iterable[Schema], wanted: frozenset[str]) -> bool:
    return any(types_of(schema) & wanted for schema in here)


def _mismatch(leaf: Leaf, at: Path, wanted: frozenset[str], here: Iterable[Schema]) -> Problem:
    held = frozenset(kind for schema in here for kind in types_of(schema))
    message = f"{at} holds {_names(held)}, but the test takes {_names(wanted)}: it can never match"
    return Problem("type_mismatch", "", message, print_text(leaf))


def _unknown_key(leaf: Leaf, at: Path, segment: Segment) -> Problem:
    message = f"the schema allows no {segment} in {at}: {leaf.path} is always missing"
    return Problem("unknown_facet", "", message, print_text(leaf))


def _names(types: Iterable[str]) -> str:
    return " or ".join(_sorted({"integer": "number", "array": "list"}.get(kind, kind) for kind in types))


def _sorted(names: Iterable[str]) -> Iterator[str]:
    held = set(names)
    return (name for name in _ORDERED if name in held)
