"""The files that the demo ships: brief, envelope, interviews, phrases and translation memory."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from flexes.demo.documents import Brief
from flexes.errors import InvalidDocument, NodeError
from flexes.policy.problems import validated
from flexes.scenario.documents import load_document, parse_document

HOME: Final = "flexes.demo"


@cache
def text_of(name: str) -> str:
    """Return a shipped file as text; the name is relative to the demo's folder."""
    return files(HOME).joinpath(name).read_text(encoding="utf-8")


@cache
def shipped(name: str) -> Any:
    """Return a shipped YAML file as data; do not change it."""
    return parse_document(text_of(name), name)


def envelope() -> dict[str, Any]:
    """Return the campaign's task envelope."""
    return dict(shipped("envelope.yaml"))


def envelope_path() -> str:
    """Return where the shipped envelope lies on disk."""
    return str(files(HOME).joinpath("envelope.yaml"))


def voices() -> tuple[str, ...]:
    """Return what each interviewed customer said."""
    return tuple(line for line in text_of("texts/voices.txt").splitlines() if line)


def read_brief(name: str) -> Brief:
    """Return the brief in a file: your own by its path, else the one shipped under this name.

    Raises:
        NodeError: There is no such file, or it is no brief; says every fault.
    """
    is_shipped = files(HOME).joinpath(name).is_file() and not Path(name).is_file()
    try:
        return validated(Brief, shipped(name) if is_shipped else load_document(name), f"brief {name!r}")
    except InvalidDocument as error:
        raise NodeError(str(error)) from error
