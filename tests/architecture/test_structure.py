"""The structure that the house style promises, checked on the source itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "flexes"
FILES = sorted(SOURCE.rglob("*.py"))
MAX_LINES = 40
CLOCK = frozenset({"time", "datetime", "uuid", "random", "secrets"})
MAKERS = frozenset({"now", "utcnow", "today", "uuid4", "uuid1", "perf_counter", "monotonic", "time_ns", "token_hex"})


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the names of all modules that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(), str(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions of a file, nested ones included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_import_contracts() -> None:
    """Imports go one way down, and the pure stages import nothing impure (style rules 1 to 3)."""
    linter = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_one_file_knows_the_state_machine_library() -> None:
    """python-statemachine is imported in run/chart.py alone (style rule 9)."""
    users = [
        path.relative_to(SOURCE) for path in FILES if any(_is(name, "statemachine") for name in imported(parsed(path)))
    ]
    assert users == [Path("run/chart.py")]


def test_one_file_makes_times_and_ids() -> None:
    """Below the command line one file of the shell reads a clock or makes an id at random (style rule 3)."""
    users = []
    for path in FILES:
        called = {_called(node) for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)}
        modules = {name.split(".")[0] for name in imported(parsed(path))}
        if called & MAKERS and modules & CLOCK:
            users.append(path.relative_to(SOURCE))
    assert [path for path in users if path.parts[0] not in ("cli", "demo", "store")] == [Path("shell/clock.py")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_functions_are_short(path: Path) -> None:
    """No function is longer than 40 lines (style rule 10)."""
    for function in functions(parsed(path)):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= MAX_LINES, f"{path.name}:{function.lineno} {function.name} has {length} lines"


def test_no_relative_imports_and_no_facade() -> None:
    """Inside flexes imports are absolute and name the defining module (style rule 2)."""
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}:{node.lineno} is relative"
                assert node.module != "flexes" or {alias.name for alias in node.names} <= {"__version__"}, path


def test_nothing_is_imported_by_a_name_found_in_data() -> None:
    """A module whose name is not written in the source is loaded only for the public names and for the app of a command
    line; a stored name never is (semantics 10).
    """
    users = set()
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__", "resolve_topic"):
                literal = node.args and isinstance(node.args[0], ast.Constant)
                users |= set() if literal else {path.relative_to(SOURCE).parts[0]}
    assert users <= {"__init__.py", "cli"}


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")
