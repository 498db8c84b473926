"""Runs the benchmarks that are named, or all: `scripts/bench [--json | --markdown] [--quick] [NAME ...]`.

A benchmark is a module beside this one with a function `figures()`; what benchmarks share stands in folders.
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from figures import Figure, be_quick, rows
from ground.host import host

Cells = list[tuple[str, ...]]
Show = Callable[[str, str, Cells], None]

_NO_BENCHMARK = {"__main__", "figures"}
_COLUMNS = ("case", "what", "value", "unit", "aim", "n", "note")
_RIGHT = {"value", "n"}


def main() -> int:
    """Run benchmarks and print their figures; the exit status is 2 for a name that is none."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NO_BENCHMARK)
    chosen = _arguments(known)
    if chosen.quick:
        be_quick()
    about = host()
    if not chosen.json:
        print(", ".join(f"{name} {value}" for name, value in about.items()), end="\n\n")
    show = _keep_quiet if chosen.json else _print_markdown if chosen.markdown else _print
    found = {name: _measured(name, show) for name in chosen.names or known}
    if chosen.json:
        documents = {name: [one.document() for one in each] for name, each in found.items()}
        print(json.dumps({"host": about, "quick": chosen.quick, "benchmarks": documents}))
    return 0


def _arguments(known: list[str]) -> argparse.Namespace:
    names = ", ".join(known)
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures, and prints figures and ratios.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which benchmarks; all by default: {names}")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--markdown", action="store_true", help="print the tables as the documentation shows them")
    parser.add_argument("--quick", action="store_true", help="measure once: shows that it works, and nothing more")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in known]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {names}")
    return chosen


def _measured(name: str, show: Show) -> list[Figure]:
    began = time.perf_counter()
    module = importlib.import_module(name)
    found: list[Figure] = module.figures()
    print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    show(name, module.__doc__ or "", rows(found))
    return found


def _keep_quiet(_name: str, _about: str, _cells: Cells) -> None:
    pass


def _print_markdown(name: str, about: str, cells: Cells) -> None:
    print(f"### {name}\n\n{about.strip()}\n")
    print("| " + " | ".join(_COLUMNS) + " |")
    print("|" + "|".join("---:" if column in _RIGHT else "---" for column in _COLUMNS) + "|")
    for row in cells:
        print("| " + " | ".join(row) + " |")
    print()


def _print(name: str, about: str, cells: Cells) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{name}: {about.splitlines()[0]}", title_justify="left", box=box.SIMPLE_HEAD)
    for column in _COLUMNS:
        table.add_column(column, justify="right" if column in _RIGHT else "left")
    for row in cells:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 140).print(table)


if __name__ == "__main__":
    sys.exit(main())
