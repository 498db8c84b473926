"""Docstrings as Markdown."""

import inspect
import re
from typing import Any


def docstring(value: Any, *, has_table: bool = False) -> str:
    """Return a docstring with its sections as lists; `has_table` if its attributes are told in a table."""
    text = inspect.getdoc(value) or ""
    paragraphs = re.split(r"\n\n(?=(?:Attributes|Args|Raises|Returns|Yields):\n)", text)
    kept = [each for each in paragraphs if not (has_table and each.startswith("Attributes:"))]
    return "\n\n".join(_section(paragraph) for paragraph in kept)


def clean(text: str) -> str:
    """Return a text with the line breaks of its source taken out."""
    return re.sub(r"(?<!\n)\n(?![\n-])", " ", inspect.cleandoc(text)).replace("\x08", "").strip()


def table_of(doc: str) -> str:
    """Return the rows of the table that stands in a docstring."""
    return "".join(f"{line}\n" for line in doc.splitlines() if line.startswith("|"))


def attributes(model: Any) -> dict[str, str]:
    """Return what a class says of its attributes, by name."""
    doc = inspect.getdoc(model) or ""
    _, _, listed = doc.partition("Attributes:\n")
    entries = [" ".join(entry.split()) for entry in re.split(r"\n {4}(?! )", "\n" + listed) if entry.strip()]
    named = [entry.partition(": ") for entry in entries]
    return {name.strip(): meaning for names, _, meaning in named for name in names.split(",")}


def _section(paragraph: str) -> str:
    named = re.match(r"(Attributes|Args|Raises|Returns|Yields):\n", paragraph)
    if not named:
        return clean(paragraph)
    listed = re.split(r"\n {4}(?! )", "\n" + paragraph[named.end() :])
    entries = [" ".join(entry.split()) for entry in listed if entry.strip()]
    shown = [re.sub(r"^([\w, ]+): ", lambda found: _names(found[1]) + ": ", entry) for entry in entries]
    return f"{named[1]}:\n\n" + "\n".join(f"- {entry}" for entry in shown)


def _names(text: str) -> str:
    return ", ".join(f"`{name.strip()}`" for name in text.split(","))
