"""From whatever goes wrong to one message and one exit status; nothing else in the command line prints an error.

| status | when |
|---|---|
| 0 | done; also when the reader of a pipe had enough |
| 1 | the run failed, or a check found something |
| 2 | bad input, a refused command, a store that cannot be used; the message says where and what to do |
| 130 | interrupted |
"""

import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from flexes.cli.output import ReaderGone, dumps
from flexes.errors import CommandRejected, FlexesError, InvalidDocument

DONE: Final = 0
FOUND: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130


def report(error: BaseException, *, as_json: bool) -> int:
    """Print what went wrong on standard error and return the exit status."""
    if isinstance(error, (ReaderGone, BrokenPipeError)):
        silence(sys.stdout)
        return DONE
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if is_usage(error) and not error.format_message():  # type: ignore[attr-defined]
        return BAD_INPUT  # no command was named, and the help that answers is printed already
    document = _document(error)
    try:
        sys.stderr.write(f"{dumps({'error': document})}\n" if as_json else _text(error, document))
        sys.stderr.flush()
    except BrokenPipeError:
        silence(sys.stderr)
    return BAD_INPUT


def silence(stream: Any) -> None:
    """Let a stream write into nothing, so that closing it at the end does not fail either."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def _document(error: BaseException) -> dict[str, Any]:
    if isinstance(error, InvalidDocument):
        faults = [
            {"code": fault.code, "pointer": fault.pointer, "message": fault.message, "value": fault.value}
            for fault in error.problems
        ]
        return {"code": error.code, "message": str(error), "problems": faults}
    if isinstance(error, CommandRejected):
        return {"code": error.code, "message": str(error), "facts": _facts(error.facts)}
    if isinstance(error, FlexesError):
        return {"code": error.code, "message": str(error)}
    if is_usage(error):
        return {"code": "usage", "message": error.format_message()}  # type: ignore[attr-defined]
    if isinstance(error, OSError):
        return {"code": "os_error", "message": f"{error.strerror or error}: {error.filename or 'no file named'}"}
    told = f"{type(error).__name__}: {error}".strip()
    remedy = "`flexes verify` says whether the store was changed; if not, this is a fault of flexes, please report it"
    return {"code": "unexpected", "message": f"unexpected: {told}; {remedy}"}


def is_usage(error: BaseException) -> bool:
    """Return whether the error says how a command is called."""
    return hasattr(error, "format_message")


def _text(error: BaseException, document: Mapping[str, Any]) -> str:
    context = getattr(error, "ctx", None)
    usage = f"{context.get_usage()}\n" if is_usage(error) and context is not None else ""
    hint = f"try: {context.command_path} --help\n" if usage and context is not None else ""
    return f"{usage}error: {document['message']}\n{hint}"


def _facts(facts: Mapping[str, object]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else str(value) for name, value in facts.items()}
