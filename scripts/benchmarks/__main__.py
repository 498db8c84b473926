"""Runs the benchmarks that are named, or all: `scripts/bench [--json] [NAME ...]`.

A benchmark is a module beside this one with a function `figures()`.
"""

import argparse
import importlib
import json
import platform
import sys
from pathlib import Path

from figures import rows

_NO_BENCHMARK = {"__main__", "figures"}


def main() -> int:
    """Run benchmarks and print their figures; the exit status is 2 for a name that is none."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NO_BENCHMARK)
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures, and prints figures and ratios.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which benchmarks; all by default: {', '.join(known)}"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in known]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(known)}")
    found = {}
    for name in chosen.names or known:
        module = importlib.import_module(name)
        found[name] = module.figures()
        if not chosen.json:
            _print(name, module.__doc__ or "", rows(found[name]))
    if chosen.json:
        host = {"python": platform.python_version(), "machine": platform.machine()}
        print(
            json.dumps({**host, "benchmarks": {name: [one._asdict() for one in each] for name, each in found.items()}})
        )
    return 0


def _print(name: str, about: str, cells: list[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{name}: {about.splitlines()[0]}", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("case", "what", "value", "unit", "note"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for row in cells:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


if __name__ == "__main__":
    sys.exit(main())
