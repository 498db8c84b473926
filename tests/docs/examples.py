"""Running a page: its files are written into a folder, its commands run there, its fragments are validated."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter
from tests.docs.outputs import agrees, run_named_in
from tests.docs.pages import SHELLS, Block, Command, blocks_of, commands_of
from tests.docs.warm import Warm

from flexes.policy.authored import GuardRails, Override, PlannerPolicies, RuntimePolicy, TaskPolicies, Thresholds
from flexes.policy.envelope import TaskEnvelope
from flexes.policy.signal import SignalEnvelope
from flexes.scenario.documents import parse_document
from flexes.scenario.model import Scenario

_FRAGMENTS: Final[tuple[Any, ...]] = (
    Scenario, TaskEnvelope, TaskPolicies, Thresholds, GuardRails, PlannerPolicies, RuntimePolicy, SignalEnvelope,
    tuple[RuntimePolicy, ...], tuple[Override, ...], tuple[SignalEnvelope, ...],
)  # fmt: skip
_AROUND: Final = """
import ast, asyncio, inspect
from pathlib import Path
from flexes import CapabilityRegistry, Flags, Flexes
from flexes.store.memory import MemoryStore

registry = CapabilityRegistry()
names = {"__name__": "fragment", "registry": registry, "log": None, "meters": None, "tracers": None}
names.update(Flexes=Flexes, Flags=Flags, flexes=Flexes(MemoryStore(), registry))
code = compile(Path("fragment.txt").read_text(), "fragment", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
awaited = eval(code, names)
if inspect.iscoroutine(awaited):
    asyncio.run(awaited)
"""
"""What a fragment of Python may expect: names that pages use without saying where they come from, and `await`."""

_EXPORT: Final = re.compile(r"export (\w+)=(\S+)")

DRAWN: Final = ("", "text", "mermaid", "ebnf", "jsonc")
"""Languages of blocks that are for the eye alone."""


class Ran(NamedTuple):
    """A command of a page and what became of it."""

    block: Block
    command: Command
    status: int
    printed: str

    @property
    def fault(self) -> str:
        """Say what is not as shown; empty if all is."""
        if self.status != self.command.status:
            return f"{self.command.line}: exit status {self.status}, not {self.command.status}\n{self.printed}"
        shown = self.command.shown
        if shown.strip() and not agrees(shown, self.printed):
            return f"{self.command.line}: shown\n{shown}\nbut printed\n{self.printed}"
        return ""


class Session:
    """What commands of a page leave to those that follow: the run that they named, and what they exported."""

    def __init__(self, folder: Path, warm: Warm, postgres: Callable[[], str]) -> None:
        self.folder = folder
        self.warm = warm
        self._postgres = postgres
        self._run_id = "RUN"
        self._exported: dict[str, str] = {}

    def commands(self, block: Block) -> Iterator[Ran]:
        """Run a block's commands. Where one exports a URL of PostgreSQL, that of a real server stands in."""
        for command in commands_of(block):
            if export := _EXPORT.fullmatch(command.line):
                self._exported[export[1]] = self._postgres() if export[2].startswith("postgresql://") else export[2]
                continue
            status, printed = self.warm.run(command.line.replace("RUN", self._run_id), self.folder, self._exported)
            self._run_id = run_named_in(printed) or self._run_id
            yield Ran(block, command, status, printed)


def run_page(page: str, session: Session, say: Callable[[str], None]) -> Iterator[Ran]:
    """Run a page from top to bottom; `say` is told of each block that is wrong in itself."""
    for block in blocks_of(page):
        if block.not_run or block.language in DRAWN:
            continue
        if block.file is not None:
            _write(session.folder / block.file, block.text)
        if block.language in SHELLS:
            yield from session.commands(block)
        elif block.file is None:
            fault = _fault(block, session.folder, session.warm)
            if fault:
                say(f"{page}:{block.line}: {fault}")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _fault(block: Block, folder: Path, warm: Warm) -> str:
    if block.language == "python":
        (folder / "fragment.txt").write_text(block.text, encoding="utf-8")
        (folder / "example.py").write_text(_AROUND, encoding="utf-8")
        status, printed = warm.run("python example.py", folder, {})
        return printed if status else ""
    if block.language == "json":
        return "" if _is_json(block.text) else "not JSON"
    if block.language == "yaml":
        return _yaml_fault(block)
    return f"a block of {block.language!r} is neither run nor marked"


def _yaml_fault(block: Block) -> str:
    document = parse_document(block.text, f"{block.page}.yaml")
    faults = []
    for fragment in _FRAGMENTS:
        try:
            TypeAdapter(fragment).validate_python(_listed(fragment, document))
            return ""
        except ValueError as error:
            faults.append(f"as {fragment}: {error}")
    return "the fragment is no part of an envelope:\n" + "\n".join(faults)


def _listed(fragment: Any, document: Any) -> Any:
    return tuple(document) if isinstance(document, list) and not isinstance(fragment, type) else document


def _is_json(text: str) -> bool:
    try:
        parsed = json.loads(text)
    except ValueError:
        try:
            parsed = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            return False
    return isinstance(parsed, (Mapping, list, str, int, float))
