"""The files that the demo ships: brief, envelope, interviews, phrases and translation memory."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from flexes.demo.documents import Brief
from flexes.errors import NodeError
from flexes.policy.problems import problems

HOME: Final = "flexes.demo"


@cache
def text_of(name: str) -> str:
    """Return a shipped file as text; the name is relative to the demo's folder."""
    return files(HOME).joinpath(name).read_text(encoding="utf-8")


@cache
def shipped(name: str) -> Any:
    """Return a shipped YAML file as data; do not change it."""
    return yaml.safe_load(text_of(name))


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
        NodeError: There is no such file, or it is no brief; names every fault.
    """
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else text_of(name)
        document = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise NodeError(f"cannot read the brief {name!r}: {error}") from error
    try:
        return Brief.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(str(problem) for problem in problems(error, document))
        raise NodeError(f"{name!r} is no brief: {faults}") from error
