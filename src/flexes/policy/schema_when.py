"""The JSON Schema of `when` and `trigger.condition`: the grammar of predicates.md as far as JSON Schema can say it.

Left to the code: whether a text parses, how deep and large a predicate is, how long a path is, integers beyond
2^53-1.
"""

from typing import Any, Final, TypeAlias

from flexes.envelope.paths import ROOT_MEMBERS
from flexes.predicate.ast import MAX_SAFE_INTEGER
from flexes.predicate.limits import DEFAULT_LIMITS

Schema: TypeAlias = dict[str, Any]

# `$` would also match before a line break at the end
_END: Final = r"(?![\s\S])"
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
_TEXT: Final = r'"(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"'
_STEP: Final = rf"(?:\.{_NAME}|\[-?[0-9]{{1,15}}\]|\[{_TEXT}\])"
_INDEX_STEP: Final = rf"(?:{_STEP}|\.-?[0-9]{{1,15}}(?=\.|{_END}))"
_FACET: Final = rf'(?:{_NAME}|\[(?!"\$){_TEXT}\])'
_NO_KEYWORD: Final = rf"(?!(?:and|or|not){_END})"


def _member(spelt: str) -> str:
    """Return the pattern of a member of a reserved root; `*` is any one key."""
    keys = ((_NAME, _TEXT) if key == "*" else (key, f'"{key}"') for key in spelt.split("."))
    return "".join(rf"(?:\.{plain}|\[{quoted}\])" for plain, quoted in keys)


_RESERVED: Final = "|".join(
    rf"\{root}(?:{'|'.join(_member(member) for member in members)})" for root, members in ROOT_MEMBERS.items()
)
_PLAIN_KEY: Final = rf"^{_NO_KEYWORD}(?:{_FACET}{_STEP}*|{_RESERVED}){_END}"
_WILD_KEY: Final = rf"^{_FACET}{_STEP}*\[\*\]{_STEP}*{_END}"
_PATH: Final = rf"^(?:{_FACET}{_STEP}*(?:\[\*\]{_STEP}*)?|{_RESERVED}){_END}"
_VARIABLE: Final = rf"^(?:{_FACET}{_INDEX_STEP}*|{_RESERVED}){_END}"

_NUMBER: Final[Schema] = {"type": "number"}
_SIZE: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": MAX_SAFE_INTEGER}
_SCALAR: Final[Schema] = {
    "anyOf": [{"type": ["number", "boolean", "null"]}, {"type": "string", "maxLength": DEFAULT_LIMITS.max_literal}]
}
_ORDERS: Final = ("<", "<=", ">", ">=")
_EQUALITIES: Final = ("=", "==", "!=")


def _object(properties: Schema, **more: Any) -> Schema:
    return {"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": False, **more}


_COUNT: Final[Schema] = {"anyOf": [_SIZE, _object(dict.fromkeys((*_ORDERS, *_EQUALITIES), _SIZE))]}
_ON_LISTS: Final[Schema] = {"$nonEmpty": {"type": "boolean"}, "$includes": {"$ref": "#/$defs/Scalar"}, "$count": _COUNT}
_ON_VALUES: Final[Schema] = {
    **dict.fromkeys(_ORDERS, _NUMBER),
    **{key: {"$ref": "#/$defs/Scalar"} for key in _EQUALITIES},
    "$exists": {"type": "boolean"},
}
_ANY_WHEN: Final[Schema] = {"$ref": "#/$defs/When"}
_WHENS: Final[Schema] = {"type": "array", "minItems": 1, "items": _ANY_WHEN}
_PATH_TEXT: Final[Schema] = {"type": "string", "pattern": _PATH, "maxLength": DEFAULT_LIMITS.max_path}
_TEXT_FORM: Final[Schema] = {"type": "string", "pattern": r"\S", "maxLength": DEFAULT_LIMITS.max_source}
_INCLUDES: Final[Schema] = {
    "type": "array",
    "prefixItems": [_PATH_TEXT, {"$ref": "#/$defs/Scalar"}],
    "items": False,
    "minItems": 2,
}
_WHEN: Final[Schema] = {
    "description": 'A predicate: a text such as "qa.score < 0.7", or an object with paths as keys.',
    "anyOf": [
        _TEXT_FORM,
        _object(
            {"and": _WHENS, "or": _WHENS, "not": _ANY_WHEN, "$nonEmpty": _PATH_TEXT, "$includes": _INCLUDES},
            patternProperties={
                _PLAIN_KEY: {"anyOf": [{"$ref": "#/$defs/Scalar"}, _object({**_ON_VALUES, **_ON_LISTS})]},
                _WILD_KEY: _object(_ON_LISTS),
            },
            # JSON-Logic
            **{"not": {"maxProperties": 1, "required": ["var"], "properties": {"var": {"type": "string"}}}},
        ),
    ],
}

_NAMED: Final[Schema] = {"type": "string", "pattern": _VARIABLE}
_OPERAND: Final[Schema] = {"anyOf": [_NAMED, {"type": "array", "items": _NAMED, "minItems": 1, "maxItems": 1}]}
_RULE: Final[Schema] = {"$ref": "#/$defs/Rule"}
_RULES: Final[Schema] = {"anyOf": [_RULE, {"type": "array", "items": _RULE, "minItems": 1}]}
_ONE_RULE: Final[Schema] = {"anyOf": [_RULE, {"type": "array", "items": _RULE, "minItems": 1, "maxItems": 1}]}
_VAR: Final[Schema] = {"type": "object", "properties": {"var": _OPERAND}, "required": ["var"]}


def _tuple(*items: Schema) -> Schema:
    return {"type": "array", "prefixItems": list(items), "items": False, "minItems": len(items)}


def _either_way(literal: Schema) -> list[Schema]:
    return [_tuple(_VAR, literal), _tuple(literal, _VAR)]


_RULE_OF_ONE: Final[Schema] = _object(
    {
        **{key: {"anyOf": _either_way(_NUMBER)} for key in (">", ">=")},
        **{key: {"anyOf": [*_either_way(_NUMBER), _tuple(_NUMBER, _VAR, _NUMBER)]} for key in ("<", "<=")},
        **{key: {"anyOf": _either_way({"$ref": "#/$defs/Scalar"})} for key in ("==", "===", "!=", "!==")},
        **dict.fromkeys(("and", "or"), _RULES),
        **dict.fromkeys(("!", "not"), _ONE_RULE),
        "var": _OPERAND,
        "missing": {"anyOf": [_NAMED, {"type": "array", "items": _NAMED, "minItems": 1}]},
    },
    maxProperties=1,
)
_CONDITION: Final[Schema] = {
    "description": "A condition of earlier envelopes; write `when` instead.",
    "anyOf": [_object({"dsl": _TEXT_FORM}, required=["dsl"]), _RULE],
}

WHEN_DEFS: Final[Schema] = {"When": _WHEN, "Scalar": _SCALAR, "Condition": _CONDITION, "Rule": _RULE_OF_ONE}
"""Definitions to put beside others; they refer to one another under `#/$defs`."""
