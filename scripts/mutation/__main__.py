"""Changes the code in small ways, one at a time, and says which changes no test notices.

All happens in a copy of the tree, build/mutation: the mutants, the tests, and what became of each mutant.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from mutants import Mutant, copied, made, read, shown
from report import left_over, table
from trials import Trials, statuses

ROOT: Final = Path(__file__).resolve().parents[2]
COPY: Final = ROOT / "build" / "mutation"
RESULTS: Final = COPY / "results.jsonl"
SOURCES: Final = ("src/flexes/run", "src/flexes/policy")
TESTS: Final = (
    "tests/unit/run",
    "tests/unit/policy",
    "tests/transcripts/test_transcripts.py",
    "tests/transcripts/test_laws.py",
    "tests/transcripts/test_interruptions.py",
)


def main() -> int:
    """Try mutants, or show some; the exit status is 1 when a mutant is left over."""
    chosen = _arguments()
    if chosen.show:
        names = [mutant for mutant in read(COPY)[0] if mutant.name.startswith(chosen.show)]
        print("\n\n".join(shown(COPY, mutant) for mutant in names))
        return 0
    mutants = _again() if chosen.again else _anew(chosen.paths or SOURCES)
    print(f"{len(mutants)} mutants to try", file=sys.stderr)
    _try(mutants, chosen.tests or TESTS, chosen.workers)
    every, refused = read(COPY)
    became = {**statuses(RESULTS), **dict.fromkeys(refused, "refused")}
    print(table(every, became), left_over(COPY, every, became), sep="\n\n")
    return int(any(status != "killed" for name, status in became.items() if name not in refused))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"modules or folders; by default {', '.join(SOURCES)}")
    parser.add_argument("--again", action="store_true", help="try only what is left over, with the tests as they are")
    parser.add_argument("--tests", action="append", metavar="PATH", help=f"by default {', '.join(TESTS)}")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="mutants at a time; by default a core")
    parser.add_argument("--show", metavar="NAME", help="print the mutants whose names begin so, as differences")
    return parser.parse_args()


def _anew(named: Sequence[str]) -> list[Mutant]:
    """Copy the tree, mutate it, and return the mutants that the type checker lets through."""
    copied(ROOT, COPY, ("src", "projections", "tests", "scripts", "docs", "pyproject.toml"))
    paths = [found for path in map(Path, named) for found in (sorted(path.glob("*.py")) if path.is_dir() else [path])]
    made(COPY, paths)
    RESULTS.write_text("")
    mutants, refused = read(COPY)
    return [mutant for mutant in mutants if mutant.name not in refused]


def _again() -> list[Mutant]:
    """Copy the tests alone, and return the mutants that no test killed; the code must be as it was."""
    copied(ROOT, COPY, ("tests",))
    became = statuses(RESULTS)
    return [mutant for mutant in read(COPY)[0] if became.get(mutant.name, "killed") != "killed"]


def _try(mutants: Sequence[Mutant], tests: Sequence[str], workers: int) -> None:
    os.chdir(COPY)
    sys.path[:0] = [str(COPY), str(COPY / "src"), str(COPY / "projections")]
    options = ["--rootdir=.", "-q", "-q", "-s", "-p", "no:xdist"]
    pytest.main([*options, *tests], plugins=[Trials(mutants, RESULTS, workers)])


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
