"""The one way to standard output: safe in pipes, plain where no terminal reads, control characters shown as text."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import RenderableType

_UNBOUNDED: Final = 10_000
"""Columns where no terminal reads: nothing is cut or wrapped."""
_LAST_COLUMN: Final = 24
"""Least width of a table's last column; a narrower terminal wraps whole lines."""


class ReaderGone(Exception):
    """Whoever read standard output does so no more."""


def emit(text: str) -> None:
    """Write text and hand it on at once.

    Raises:
        ReaderGone: The pipe is broken.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGone from None


def say(text: str) -> None:
    """Write one line for people."""
    emit(printable(text) + "\n")


def emit_json(value: Any) -> None:
    """Write a value as one line of JSON."""
    emit(dumps(value) + "\n")


def emit_object(value: Any) -> None:
    """Write a value as JSON: indented where a person reads it, else on one line."""
    emit(dumps(value, indent=sys.stdout.isatty()) + "\n")


def dumps(value: Any, *, indent: bool = False) -> str:
    """Return a value as JSON text in UTF-8, on one line unless indented."""
    import orjson

    options = orjson.OPT_INDENT_2 if indent else 0
    return orjson.dumps(value, default=_plain, option=options).decode()


def emit_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """Write rows under their columns; only the last column is ever wrapped, and a cell that is None is empty."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], overflow="fold", min_width=_LAST_COLUMN)
    for row in rows:
        table.add_row(*(Text("" if cell is None else printable(str(cell))) for cell in row))
    _render(table)


def seconds(at: str) -> str:
    """Return an instant to the second, as tables show it."""
    return f"{at[:19]}Z"


def printable(text: str) -> str:
    """Return the text with control characters as escapes, so that data cannot steer a terminal."""
    return text if text.isprintable() else "".join(map(_visible, text))


def one_line(text: str, limit: int = 160) -> str:
    """Return the text on one line of at most so many characters."""
    joined = " ".join(text.split())
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"


def _render(what: "RenderableType") -> None:
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False)
    needed = Measurement.get(console, console.options.update_width(_UNBOUNDED), what).minimum
    console.width = max(console.width, needed) if sys.stdout.isatty() else _UNBOUNDED
    with console.capture() as captured:
        console.print(what)
    emit("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
