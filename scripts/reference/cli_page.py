"""The page of the command line, from the Typer app."""

import inspect
from collections.abc import Iterator
from typing import Any, Final, get_args, get_type_hints

from scripts.reference.docstrings import clean
from scripts.reference.markdown import table

from flexes.cli.app import app_of

_INTRODUCTION: Final = """\
Exit status: 0 done; 1 the run failed or a check found something; 2 bad input, a refused command, or a store that \
cannot be used (the message says where and what to do, never a traceback); 130 interrupted. The reader of a pipe may \
leave at any time.

Where no terminal reads, tables are not cut or wrapped. `flexes --install-completion` installs completion for the \
current shell, `flexes --show-completion` prints it.
"""


def cli() -> str:
    """Return the page of the command line."""
    app = app_of()
    assert app.registered_callback is not None
    about = clean(inspect.getdoc(app.registered_callback.callback) or "")
    return "".join([f"# Command line\n\n{about}\n\n{_INTRODUCTION}", *_commands(app, "flexes")])


def _commands(app: Any, name: str) -> Iterator[str]:
    for command in app.registered_commands:
        callback = command.callback
        options = list(_options(callback))
        arguments = [metavar for metavar, _, _, is_argument in options if is_argument]
        help_text = clean(command.help or inspect.getdoc(callback) or "")
        epilog = f"\n{clean(command.epilog)}\n" if command.epilog else ""
        usage = " ".join([name, command.name or callback.__name__, *arguments, "[OPTIONS]"])
        yield f"\n## {name} {command.name or callback.__name__}\n\n```text\n{usage}\n```\n\n{help_text}\n{epilog}\n"
        rows: list[tuple[str, ...]] = [(f"`{shown}`", meaning, default) for shown, meaning, default, _ in options]
        yield table(("argument or option", "meaning", "default"), rows) + "\n"
    for group in app.registered_groups:
        yield from _commands(group.typer_instance, f"{name} {group.name}")


def _options(callback: Any) -> Iterator[tuple[str, str, str, bool]]:
    hints = get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, info = get_args(hints[name])[:2]
        if getattr(info, "hidden", False):
            continue
        is_argument = type(info).__name__ == "ArgumentInfo"
        is_needed = parameter.default is parameter.empty
        default = "" if is_needed or parameter.default in (None, False) else f"`{_plain(parameter.default)}`"
        env = f" Environment: `{info.envvar}`." if info.envvar else ""
        metavar = info.metavar or _choices(kind) or ("" if kind is bool else name.upper())
        if is_argument:
            yield metavar if is_needed else f"[{metavar}]", clean(info.help or ""), default, True
            continue
        declared = [each for each in (info.default, *(info.param_decls or ())) if str(each).startswith("-")]
        names = ", ".join(sorted(declared or [f"--{name.replace('_', '-')}"], key=len, reverse=True))
        required = " Required." if is_needed else ""
        yield f"{names} {metavar}".strip(), clean(info.help or "") + required + env, default, False


def _choices(kind: Any) -> str:
    members = getattr(kind, "__members__", {})
    return "\\|".join(str(member.value) for member in members.values())


def _plain(value: Any) -> str:
    return str(getattr(value, "value", value))
