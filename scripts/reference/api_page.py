"""The page of the public Python names, from their docstrings."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Final

from scripts.reference.docstrings import docstring
from scripts.reference.fields import fields, signature

import flexes

_INTRODUCTION: Final = """\
# Python

Everything here is imported from `flexes`: `from flexes import Flexes`. Names that are not on this page are free to \
change.
"""
_FIRST: Final = (
    "Flexes", "RunReport", "CapabilityRegistry", "NodeContext", "NodeResult", "Validation", "NodeError",
    "TaskEnvelope", "SignalEnvelope", "Flags", "PlannerRequest", "Draft", "Delta", "Decline", "PlanNode",
    "decide", "evolve", "fold", "outstanding", "State", "FlexesError", "InvalidDocument", "CommandRejected",
)  # fmt: skip


def api() -> str:
    """Return the page of the public Python names."""
    names = sorted(flexes.__all__, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    return "".join([_INTRODUCTION, *(_documented(name, getattr(flexes, name)) for name in names)])


def _documented(name: str, value: Any) -> str:
    if inspect.isfunction(value):
        return f"\n## {name}\n\n```text\n{name}{signature(value)}\n```\n\n{docstring(value)}\n"
    text = f"\n## {name}\n\n"
    if name == "NodeError":
        text += f"```text\n{name}{signature(value.__init__)}\n```\n\n"
    text += docstring(value, has_table=_has_fields(value)) + "\n"
    if _has_fields(value):
        text += "\n" + fields(value)
    for key, member in _members(value):
        text += f"\n### {name}.{key}\n\n```text\n{key}{signature(member)}\n```\n\n{docstring(member)}\n"
    return text


def _has_fields(value: Any) -> bool:
    return hasattr(value, "model_fields") or hasattr(value, "__dataclass_fields__")


def _members(value: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    if hasattr(value, "model_fields") or value.__name__ == "State":
        return
    for key, member in vars(value).items():
        inner = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        inner = inspect.unwrap(inner) if callable(inner) else inner
        if not key.startswith("_") and inspect.isfunction(inner):
            yield key, inner
