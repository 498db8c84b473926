"""What became of the mutants, as text: a table by module, and what is left over as differences."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mutants import Mutant, shown

_COLUMNS: Final = ("mutants", "refused", "killed", "timeout", "untested", "survived")
"""`refused` by the type checker; `timeout`: a test took far longer; `untested`: no test calls the function."""


def table(mutants: Sequence[Mutant], became: Mapping[str, str]) -> str:
    """Return how many mutants of each module came to what, and the sums."""
    counts: dict[str, Counter[str]] = {}
    for mutant in mutants:
        for row in (mutant.path, "all"):
            counts.setdefault(row, Counter()).update(("mutants", became.get(mutant.name, "?")))
    rows = sorted(counts.items(), key=lambda row: (row[0] == "all", row[0]))
    width = max(len(name) for name in counts)
    head = f"{'':<{width}}" + "".join(f"{column:>10}" for column in _COLUMNS)
    return "\n".join([head, *(f"{name:<{width}}" + _cells(count) for name, count in rows)])


def left_over(copy: Path, mutants: Sequence[Mutant], became: Mapping[str, str]) -> str:
    """Return the mutants that no test killed, each as a difference."""
    left = [mutant for mutant in mutants if became.get(mutant.name) in ("survived", "untested")]
    return "\n\n".join(f"{became[mutant.name]}: {shown(copy, mutant)}" for mutant in left)


def _cells(count: Mapping[str, int]) -> str:
    return "".join(f"{count.get(column, 0):>10}" for column in _COLUMNS)
