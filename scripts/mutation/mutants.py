"""The mutants of the source: one small change each, made by mutmut, all in one copy of the tree.

A mutated module holds every function as it was, and once more for each change; which one runs is chosen at each call.
What a decorator wraps, a class body and a module's own statements stay as they are.
"""

import difflib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree
from typing import Final, NamedTuple

from mutmut.mutation.file_mutation import mutate_file_contents

_INDEX: Final = "mutants.json"
_MARK: Final = re.compile(r" *# type: ignore # mutmut generated|x_(?=\w+__mutmut_)|__mutmut_(orig|\d+)")
_ARTEFACTS: Final = ("no-redef", "has-type")
"""What the type checker finds only because each method of a class stands there many times."""


class Mutant(NamedTuple):
    """One change to one function.

    Attributes:
        path: The module, from the root of the tree.
        original: First and last line of the function as it was, in the copy.
        changed: First and last line of the function as it is changed, in the copy.
        places: Lines of the original, in the copy, that the change takes away or stands in for.
    """

    name: str
    path: str
    original: tuple[int, int]
    changed: tuple[int, int]
    places: tuple[int, ...]


def copied(root: Path, copy: Path, names: Sequence[str]) -> None:
    """Copy these files and folders of the tree, in place of what was copied before."""
    copy.mkdir(parents=True, exist_ok=True)
    for name in names:
        source, target = root / name, copy / name
        if source.is_dir():
            rmtree(target, ignore_errors=True)
            copytree(source, target, ignore=ignore_patterns("__pycache__"))
        else:
            target.write_bytes(source.read_bytes())


def made(copy: Path, paths: Sequence[Path]) -> None:
    """Mutate these modules of the copy in place, and note the mutants and which of them the type checker refuses."""
    mutants = [mutant for path in paths for mutant in _mutated(copy, path)]
    index = {"mutants": mutants, "refused": sorted(_refused(copy, paths, mutants))}
    (copy / _INDEX).write_text(json.dumps(index))


def read(copy: Path) -> tuple[list[Mutant], frozenset[str]]:
    """Return the mutants of the copy, and the names of those that the type checker refuses."""
    index = json.loads((copy / _INDEX).read_text())
    return [Mutant(*row) for row in index["mutants"]], frozenset(index["refused"])


def shown(copy: Path, mutant: Mutant) -> str:
    """Return what the mutant changes, as a unified difference."""
    lines = (copy / mutant.path).read_text().splitlines()
    before, after = (_plain(lines, span) for span in (mutant.original, mutant.changed))
    return "\n".join(difflib.unified_diff(before, after, mutant.path, mutant.name, lineterm="", n=2))


def _mutated(copy: Path, path: Path) -> Iterator[Mutant]:
    module = ".".join(path.with_suffix("").parts[1:])
    result = mutate_file_contents(str(path), (copy / path).read_text())
    (copy / path).write_text(result.code)
    lines = result.code.splitlines()
    spans = {name: (span.start, span.end) for name, span in result.line_span_by_function_name.items()}
    for name in result.mutant_names:
        original, changed = spans[f"{name.rpartition('__mutmut_')[0]}__mutmut_orig"], spans[name]
        places = tuple(original[0] + place for place in _differing(_plain(lines, original), _plain(lines, changed)))
        yield Mutant(f"{module}.{name}", str(path), original, changed, places)


def _plain(lines: Sequence[str], span: tuple[int, int]) -> list[str]:
    """Return a function without what marks it as a copy."""
    return [_MARK.sub("", line) for line in lines[span[0] - 1 : span[1]]]


def _differing(before: Sequence[str], after: Sequence[str]) -> Iterator[int]:
    """Yield the places in `before` that `after` changes; for what is only added the place in front of it."""
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "insert":
            yield max(start - 1, 0)
        elif kind != "equal":
            yield from range(start, end)


def _refused(copy: Path, paths: Sequence[Path], mutants: Sequence[Mutant]) -> set[str]:
    """Return the mutants in which the type checker, a part of the gate, finds a fault."""
    options = ["--output", "json", "--no-warn-unused-ignores", *(f"--disable-error-code={code}" for code in _ARTEFACTS)]
    command = [sys.executable, "-m", "mypy", *options, *map(str, paths)]
    said = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False).stdout
    faults: dict[str, set[int]] = {}
    for fault in map(json.loads, said.splitlines()):
        if fault["severity"] == "error":
            faults.setdefault(fault["file"], set()).add(fault["line"])
    return {
        mutant.name
        for mutant in mutants
        if not faults.get(mutant.path, set()).isdisjoint(range(mutant.changed[0], mutant.changed[1] + 1))
    }
