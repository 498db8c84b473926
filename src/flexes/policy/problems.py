"""From pydantic's errors to Problems: JSON pointer, offending value and remedy, which pydantic leaves out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from flexes.envelope.model import Model
from flexes.errors import InvalidDocument, Problem

M = TypeVar("M", bound=BaseModel)
MAX_VALUE = 80

_PYTHON_WORDS: Final = (
    (re.compile(r"a valid (?:tuple|list|set|frozenset)\b"), "a list"),
    (re.compile(r"a valid dictionary(?: or instance of \w+| or object to extract fields from)?"), "an object"),
    (re.compile(r"a valid string\b"), "text"),
    (re.compile(r"a valid boolean\b"), "true or false"),
    (re.compile(r"^(?:Tuple|Set|Frozenset)\b"), "List"),
    (re.compile(r"^Dictionary\b"), "Object"),
    (re.compile(r" after validation\b"), ""),
)
"""What pydantic calls things, and what they are called in the files that people write."""


def validated(model: type[M], document: object, what: str) -> M:
    """Return the document as the model.

    Raises:
        InvalidDocument: With one Problem a fault.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InvalidDocument(map(_in_plain_words, problems(error, document)), what) from None


def problems(error: ValidationError, document: object) -> tuple[Problem, ...]:
    """Return pydantic's errors about the document as Problems, in its order."""
    found = [_problem(details, document) for details in error.errors(include_url=False)]
    return tuple(problem for problem in found if not _follows_from_another(problem, found))


def pointer_of(parts: Iterable[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of these keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _in_plain_words(problem: Problem) -> Problem:
    message = problem.message
    for pattern, word in _PYTHON_WORDS:
        message = pattern.sub(word, message)
    return replace(problem, message=message)


def _follows_from_another(problem: Problem, found: list[Problem]) -> bool:
    """Return whether a list only seems too short because one of its items was refused."""
    below = problem.pointer + "/"
    return problem.code == "too_short" and any(other.pointer.startswith(below) for other in found)


def _problem(details: ErrorDetails, document: object) -> Problem:
    context = details.get("ctx", {})
    pointer = pointer_of(_real_parts(details, document)) + str(context.get("pointer", ""))
    shown = context["value"] if "value" in context else _short(details.get("input"))
    code = details["type"]
    if code == "extra_forbidden":
        return Problem("unknown_key", pointer, _unknown_key(details, document), shown)
    if code in ("union_tag_invalid", "union_tag_not_found"):
        field = str(context.get("discriminator", "")).strip("'")
        known = context.get("expected_tags", "")
        return Problem("bad_choice", f"{pointer}/{field}", f"{field!r} tells which; use one of {known}", shown)
    if code == "missing":
        return Problem("missing_key", pointer, f"the key {details['loc'][-1]!r} is required; add it", "")
    return Problem(code, pointer, details["msg"], shown)


def _real_parts(details: ErrorDetails, document: object) -> Iterator[str | int]:
    """Leave out what pydantic adds for unions and functions: parts that are not in the document, but a missing key."""
    here, location = document, details["loc"]
    for position, part in enumerate(location):
        is_missing = details["type"] == "missing" and position == len(location) - 1
        if isinstance(here, Mapping) and (part in here or is_missing):
            here = here.get(part)
            yield part
        elif isinstance(here, (list, tuple)) and isinstance(part, int) and part < len(here):
            here = here[part]
            yield part


def _unknown_key(details: ErrorDetails, document: object) -> str:
    key = str(details["loc"][-1])
    here = document
    for part in list(_real_parts(details, document))[:-1]:
        here = here[part]  # type: ignore[index]
    siblings = set(here) - {key} if isinstance(here, Mapping) else set()
    known = _known_keys(siblings)
    if key in known:
        return f"the key {key!r} does not belong here; remove it, or move it to the object that it is meant for"
    close = get_close_matches(key, known, n=1)
    return f"unknown key {key!r}" + (f"; did you mean {close[0]!r}?" if close else "; remove it")


def _known_keys(siblings: set[object]) -> list[str]:
    """Return the keys of the documents that could have these other keys; of all where none could."""
    pending: list[type[Model]] = [Model]
    likely: set[str] = set()
    everything: set[str] = set()
    while pending:
        model = pending.pop()
        pending.extend(model.__subclasses__())
        keys = {field.alias or name for name, field in model.model_fields.items()}
        everything |= keys
        likely |= keys if siblings and siblings & keys and len(siblings - keys) <= len(siblings & keys) else set()
    return sorted(likely or everything)


def _short(value: Any) -> str:
    if isinstance(value, (dict, list, tuple)) and len(value) > 8:
        return f"{type(value).__name__} of {len(value)}"
    try:
        text = repr(value)
    except RecursionError:
        return f"a deep {type(value).__name__}"
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
