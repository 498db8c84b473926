"""The JSON Schema of policies and envelopes, for editors: it accepts what the code accepts, with these exceptions.

1. Keys are the camelCase ones of the wire. The code takes snake_case too, and `capability_id`, `node_id`.
2. Only the code refuses: a text or a path that does not parse, limits of predicates (depth, leaves, size, path
   length, integers beyond 2^53-1), actions nested more than three deep, ids used twice, opt-outs of unknown ids,
   more than 256 directives in all, `2.0` for a whole number, payloads that cannot be stored (64-bit integers,
   depth, lone surrogates), a channel's facet that is no path.
3. A selector's unknown key with an empty text passes the code, not the schema.
"""

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel

from flexes.policy.authored import MAX_DIRECTIVES, METRIC_KINDS, TaskPolicies
from flexes.policy.envelope import TaskEnvelope
from flexes.policy.schema_when import WHEN_DEFS, Schema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ACTIONS: Final = ("Goto", "Replan", "Hitl", "Fail", "Pause", "Emit")
_NULL: Final[Schema] = {"type": "null"}
_EMPTY: Final[Schema] = {"enum": ["", None]}


def envelope_schema() -> Schema:
    """Return the JSON Schema (2020-12) of a task envelope."""
    return _schema(TaskEnvelope)


def policies_schema() -> Schema:
    """Return the JSON Schema (2020-12) of the policies of an envelope, as a document of their own."""
    return _schema(TaskPolicies)


def _schema(model: type[BaseModel]) -> Schema:
    generated: Schema = _tidied(model.model_json_schema(by_alias=True))
    defs: Schema = {**generated.pop("$defs"), **WHEN_DEFS, "Action": _one_of(_ACTIONS)}
    if model is TaskPolicies:
        _complete_policies(generated)
    else:
        _complete_policies(defs["TaskPolicies"])
    _complete_actions(defs)
    _complete_directives(defs)
    _complete_selector(defs["Selector"])
    return {"$schema": DIALECT, **generated, "$defs": dict(sorted(defs.items()))}


def _tidied(schema: Any) -> Any:
    """Leave out what editors do not need: titles made from names, discriminators, defaults that are not scalars."""
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found: Schema = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            found[key] = {name: _tidied(inner) for name, inner in value.items()}
        elif key == "description":
            found[key] = value.split("\n", 1)[0]
        elif key not in ("title", "discriminator") and not _is_dull(key, value):
            found[key] = _tidied(value)
    return found


def _is_dull(key: str, value: object) -> bool:
    return key == "default" and (value is None or isinstance(value, dict | list))


def _complete_policies(policies: Schema) -> None:
    policies["properties"]["runtime"]["maxItems"] = MAX_DIRECTIVES


def _complete_actions(defs: Schema) -> None:
    for name in _ACTIONS:
        action = defs[name]
        action["required"] = ["type", *action.get("required", ())]
        action["properties"]["type"].pop("default", None)
    for key in ("approveAction", "rejectAction", "onTimeout"):
        defs["Hitl"]["properties"][key] = _optional(_ref("Action"))
    defs["Goto"]["properties"]["onExhausted"] = _optional({"allOf": [_ref("Action"), _is_no_goto()]})


def _complete_directives(defs: Schema) -> None:
    policy, trigger = defs["RuntimePolicy"], defs["Trigger"]
    policy["properties"] |= {"action": _ref("Action"), "when": _optional(_ref("When"))}
    policy |= {
        "if": {"required": ["trigger"], "properties": {"trigger": _of_kind("onStart")}},
        "then": {"properties": {"action": _is_no_goto()}},
    }
    trigger["properties"]["condition"] = _optional(_ref("Condition"))
    trigger["allOf"] = [
        {"if": _of_kind(*METRIC_KINDS), "then": _given("metric", "threshold"), "else": _absent("metric", "threshold")},
        {"if": _of_kind("onTimeout"), "else": _absent("ms")},
        {"if": _of_kind("onStart"), "then": {"properties": {"selector": _empty_selector()}}},
    ]
    defs["EscalationThreshold"]["properties"]["when"] = _ref("When")
    defs["CostThreshold"]["anyOf"] = [_given("capTotal"), _given("capPerNode")]


def _complete_selector(selector: Schema) -> None:
    """Let every field be an empty text, and take the spellings that earlier envelopes used."""
    properties = selector["properties"]
    for name, field in properties.items():
        branches = field.get("anyOf", [field])
        properties[name] = {"anyOf": [*branches, {"const": ""}]}
    properties |= {"capabilityId": properties["capability"], "nodeId": properties["node"]}


def _empty_selector() -> Schema:
    names = ("capability", "capabilityId", "node", "nodeId", "stage", "kind")
    return _optional({"properties": {**dict.fromkeys(names, _EMPTY), "tags": {"enum": [[], ""]}}})


def _is_no_goto() -> Schema:
    return {"not": {"required": ["type"], "properties": {"type": {"const": "goto"}}}}


def _of_kind(*kinds: str) -> Schema:
    return {"required": ["kind"], "properties": {"kind": {"enum": list(kinds)}}}


def _given(*keys: str) -> Schema:
    return {"required": list(keys), "properties": {key: {"not": _NULL} for key in keys}}


def _absent(*keys: str) -> Schema:
    return {"properties": dict.fromkeys(keys, _NULL)}


def _optional(schema: Schema) -> Schema:
    return {"anyOf": [schema, _NULL]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _one_of(names: Iterable[str]) -> Schema:
    return {"oneOf": [_ref(name) for name in names]}
