"""A Python process that has imported flexes once and forks for each command, so that hundreds of examples take seconds.

Run as a program it reads requests, one JSON line each, and answers each with the exit status; `Warm` is its client.
"""

import json
import os
import runpy
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_PRELOADED: Final = (
    "flexes.cli.main", "flexes.shell.facade", "flexes.scenario.simulate", "flexes.store.sqlite", "flexes.view.frames",
    "flexes.policy.check", "flexes.shell.driver", "flexes_projections.rebuild_command", "rich.table", "yaml", "asyncio",
)  # fmt: skip


class Warm:
    """Runs commands as a shell would, in a folder; whatever needs a real shell gets one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, line: str, folder: Path, exported: Mapping[str, str]) -> tuple[int, str]:
        """Return the exit status of a command, and what it printed on both outputs."""
        output = folder / ".output"
        environment = {**os.environ, **_ENVIRONMENT, **exported}
        if self._is_plain(line):
            words = shlex.split(line)
            status = self._ask(
                {"words": words, "folder": str(folder), "output": str(output), "exported": dict(exported)}
            )
        else:
            with output.open("w") as file:
                done = subprocess.run(
                    ["bash", "-c", line], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=file,
                    stderr=subprocess.STDOUT, check=False, timeout=60,
                )  # fmt: skip
            status = done.returncode
        text = output.read_text(encoding="utf-8")
        output.unlink()
        return status, text

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _ask(self, request: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        return status if status >= 0 else 128 - status

    @staticmethod
    def _is_plain(line: str) -> bool:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        has_shell = any(set(word) & set("|&;<>") == set(word) for word in lexer) or "$" in line or "`" in line
        return line.split()[0] in ("flexes", "python") and not has_shell


_ENVIRONMENT: Final = {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    "LOGNAME": "you",
    "NO_COLOR": "1",
    "COLUMNS": "120",
    "PYTHONWARNINGS": "error",
}


def _serve() -> None:
    import importlib

    for name in _PRELOADED:
        importlib.import_module(name)
    os.environ.update(_ENVIRONMENT)
    os.environ.pop("FLEXES_STORE", None)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(request)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(request: dict[str, Any]) -> None:
    os.chdir(request["folder"])
    os.environ.update(request["exported"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for target, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, target)
    sys.path.insert(0, "")
    os._exit(_status_of(request["words"]))


def _status_of(words: list[str]) -> int:
    from flexes.cli.main import run_command

    sys.argv = words if words[0] == "flexes" else words[1:]
    try:
        if words[0] == "flexes":
            status = run_command(words[1:])
        elif words[1] == "-m":
            sys.argv = words[2:]
            runpy.run_module(words[2], run_name="__main__", alter_sys=True)
            status = 0
        else:
            sys.path.insert(0, str(Path(words[1]).resolve().parent))
            runpy.run_path(words[1], run_name="__main__")
            status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    _serve()
