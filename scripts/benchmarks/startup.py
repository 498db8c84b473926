"""What a process costs before it does anything: processor time of imports and of commands, beside a bare Python.

Every process finds its bytecode compiled, as an installed flexes does after its first use.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from figures import REPEATS, Figure, ratio, repeats

_COMMAND = ("-c", "from flexes.cli.main import main; main()")
_SCENARIO = """
envelope: {objective: measure, outputContract: {mode: facets, facets: [copy]}}
capabilities: [{id: write, outputs: [copy], script: [{outputs: {copy: text}}]}]
"""
_BARE = "python -c pass"
_FLOOR = "import typer, its rich help"
_AIMS = {"import flexes": (_BARE, 1.25), "flexes --help": (_FLOOR, 1.5)}
"""What is to be compared with more than a bare Python, and the aim."""


def figures() -> list[Figure]:
    """Return the processor time of each process and its ratio to a bare Python in the same run."""
    with tempfile.TemporaryDirectory() as folder:
        processes, environment = _processes(Path(folder)), _environment(Path(folder))
        _written(Path(folder), environment)
        took = _medians(processes, environment, repeats(REPEATS))
    found = []
    for name, milliseconds in took.items():
        found.append(Figure(name, "processor time", milliseconds, "ms", samples=repeats(REPEATS)))
        if name != _BARE:
            found.append(ratio(name, f"against {_BARE}", milliseconds, took[_BARE], samples=repeats(REPEATS)))
    for name, (floor, aim) in _AIMS.items():
        found.append(ratio(name, f"against {floor}", took[name], took[floor], samples=repeats(REPEATS), at_most=aim))
    return found


def _processes(folder: Path) -> dict[str, tuple[str, ...]]:
    store = ("--store", f"sqlite:///{folder / 'runs.db'}")
    return {
        _BARE: ("-c", "pass"),
        "import flexes": ("-c", "import flexes"),
        "from flexes import Flexes": ("-c", "from flexes import Flexes"),
        _FLOOR: ("-c", "import typer, typer.rich_utils"),
        "flexes --help": (*_COMMAND, "--help"),
        "flexes runs, one run in SQLite": (*_COMMAND, "runs", *store),
        "flexes verify, the same": (*_COMMAND, "verify", *store),
    }


def _environment(folder: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def _written(folder: Path, environment: Mapping[str, str]) -> None:
    """Write the store that commands read."""
    (folder / "scenario.yaml").write_text(_SCENARIO, encoding="utf-8")
    store = f"sqlite:///{folder / 'runs.db'}"
    _run((*_COMMAND, "simulate", str(folder / "scenario.yaml"), "--store", store), environment)


def _medians(processes: Mapping[str, Sequence[str]], environment: Mapping[str, str], times: int) -> dict[str, float]:
    for arguments in processes.values():
        _run(arguments, environment)
    rounds = [[_run(arguments, environment) for arguments in processes.values()] for _ in range(times)]
    return dict(zip(processes, map(statistics.median, zip(*rounds, strict=True)), strict=True))


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run a Python process to its end and return its user and system time, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env=dict(environment), stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
