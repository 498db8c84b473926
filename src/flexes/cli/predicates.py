"""`policy eval` and `policy explain`: what a `when` says of facets, for each line of a file."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from flexes.cli.options import DEFAULT_STORE, AsJson, UnusedStore
from flexes.cli.output import emit_json
from flexes.errors import InvalidDocument, PredicateError, Problem

if TYPE_CHECKING:
    from flexes.predicate.ast import When

LinesFile = Annotated[str, typer.Argument(metavar="FILE", help="JSON lines; standard input by default.")]


def evaluate(file: LinesFile = "-", _store: UnusedStore = DEFAULT_STORE, _as_json: AsJson = False) -> None:
    """Evaluate predicates: JSON lines {"when": ..., "facets": {...}} in, {"outcome", "reason"} out, line by line.

    The outcome is matched, skipped, invalid, or malformed for what is no predicate. Blank lines are skipped. The exit
    status is 0 whatever the outcomes are.
    """
    from flexes.predicate.compile import evaluate

    for line in _lines(file):
        try:
            when, facets = _asked(line)
        except InvalidDocument as error:
            emit_json(_malformed(error))
        else:
            emit_json(evaluate(when, facets)._asdict())


def explain(file: LinesFile = "-", _store: UnusedStore = DEFAULT_STORE, _as_json: AsJson = False) -> None:
    """Explain predicates: as `eval`, with the predicate as text and each test with its result and the value it saw.

    The letter of a test is T true, F false, M missing or E wrong type.
    """
    from flexes.predicate.compile import evaluate
    from flexes.predicate.printer import print_text

    for line in _lines(file):
        try:
            when, facets = _asked(line)
        except InvalidDocument as error:
            emit_json(_malformed(error))
            continue
        emit_json({**evaluate(when, facets)._asdict(), "expression": print_text(when), "tests": _tests(when, facets)})


def _tests(when: "When", facets: dict[str, Any]) -> list[dict[str, Any]]:
    from flexes.envelope.paths import MISSING
    from flexes.predicate.explain import explain

    return [leaf._asdict() for leaf in explain(when, lambda name: facets.get(name, MISSING))]


def _lines(file: str) -> Iterator[bytes]:
    """Yield the lines that are not blank; of one that is too long only its beginning."""
    from flexes.scenario.documents import MAX_BYTES

    with ExitStack() as stack:
        source = _opened(file, stack)
        while line := source.readline(MAX_BYTES + 2):
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = source.readline(MAX_BYTES)
            if line.strip():
                yield line


def _opened(file: str, stack: ExitStack) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(file).open("rb"))
    except OSError as error:
        problem = Problem("unreadable_file", "", f"cannot be read ({error.strerror}); check the path")
        raise InvalidDocument([problem], f"file {file}") from None


def _asked(line: bytes) -> "tuple[When, dict[str, Any]]":
    """Return a line's predicate and facets.

    Raises:
        InvalidDocument: The line is no such object, or its `when` is refused.
    """
    from flexes.predicate.parse import parse_when
    from flexes.scenario.documents import parse_document

    found = parse_document(line.strip(), "line.json", finite=False)
    facets = found.get("facets", {}) if isinstance(found, dict) else None
    if not isinstance(found, dict) or "when" not in found or not isinstance(facets, dict):
        raise InvalidDocument([Problem("bad_shape", "", 'expected {"when": ..., "facets": {...}}')], "line")
    return parse_when(found["when"]), facets


def _malformed(error: InvalidDocument) -> dict[str, str]:
    fault = error.problems[0]
    column = error.column if isinstance(error, PredicateError) else None
    place = f" (at {fault.pointer})" if fault.pointer else f" (column {column})" if column is not None else ""
    return {"outcome": "malformed", "reason": f"{fault.code}: {fault.message}{place}"}
