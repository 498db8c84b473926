"""What commands begin with: the store that a URL names, the run that a reference means, the registry of an app."""

import getpass
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

import typer

from flexes.errors import RunNotFound, StoreUnavailable
from flexes.ids import RunId

if TYPE_CHECKING:
    from flexes.shell.registry import CapabilityRegistry
    from flexes.store.port import EventStore, Store

MIN_PREFIX: Final = 4
_PAGE: Final = 1_000


@contextmanager
def reading(url: str) -> "Iterator[Store]":
    """Open a store that must be there already.

    Raises:
        StoreUnavailable: There is none; reading never makes one.
    """
    from flexes.store.urls import open_store

    must_exist(url)
    store = open_store(url)
    try:
        yield store
    finally:
        store.close()


def must_exist(url: str) -> None:
    """Refuse an SQLite URL whose file is not there.

    Raises:
        StoreUnavailable: The file does not exist.
    """
    if not url.lower().startswith("sqlite:///"):
        return
    path = unquote(urlsplit(url).path).removeprefix("/")
    if path and path != ":memory:" and not Path(path).exists():
        raise StoreUnavailable(
            f"the store {url} does not exist: there is no file {path}: start a run with `flexes run`, or name "
            "another store with --store or FLEXES_STORE"
        )


_FIRST_FEW = 64
"""Events that are looked for to see that a run is there, even if somebody took its first away."""


def find_run(store: "EventStore", reference: str) -> RunId:
    """Return the one run whose id is, or begins with, the reference.

    Raises:
        RunNotFound: No run, or typer.BadParameter: several, or too few characters.
    """
    run_id = _as_run_id(reference)
    if run_id is not None:
        if not store.read(run_id, 0, _FIRST_FEW):
            raise _no_run(reference)
        return run_id
    if len(reference) < MIN_PREFIX:
        raise typer.BadParameter(f"{reference!r} is too short; give at least {MIN_PREFIX} characters of a run id")
    found = [each for each in all_runs(store) if each.startswith(reference.lower())]
    if len(found) > 1:
        listed = ", ".join(found[:5])
        raise typer.BadParameter(f"{reference!r} is the beginning of {len(found)} runs ({listed}); give more of it")
    if not found:
        raise _no_run(reference)
    return found[0]


def all_runs(store: "EventStore") -> Iterator[RunId]:
    """Yield every run, the one started last first."""
    before = None
    while heads := store.heads(_PAGE, before):
        yield from (head.run_id for head in heads)
        before = heads[-1].position


def load_app(spec: str) -> "CapabilityRegistry":
    """Return the registry that `module:attribute` names; modules of the working directory are found too.

    Raises:
        typer.BadParameter: The module or the attribute is missing, or holds something else.
    """
    from flexes.shell.registry import CapabilityRegistry

    module_name, _, attribute = spec.partition(":")
    if not module_name or not attribute:
        raise _bad_app(f"{spec!r} is not of the form module:registry, such as app:registry")
    found = _attribute(_module(module_name), attribute)
    if callable(found) and not isinstance(found, CapabilityRegistry):
        found = _called(spec, found)
    if not isinstance(found, CapabilityRegistry):
        raise _bad_app(f"{spec} is of type {type(found).__name__}; it must be a CapabilityRegistry or return one")
    return found


def who(by: str | None) -> str:
    """Return who gives a command: the name given, else that of the user."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "operator"


def _as_run_id(text: str) -> RunId | None:
    try:
        return RunId(str(UUID(text)))
    except ValueError:
        return None


def _no_run(reference: str) -> RunNotFound:
    return RunNotFound(f"there is no run {reference}; list them with `flexes runs`", run_id=reference)


def _module(name: str) -> Any:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise _bad_app(f"there is no module {name!r} in {os.getcwd()} or installed; check the name") from None
        raise _bad_app(f"importing {name!r} failed: {_told(error)}") from None
    except (Exception, SystemExit) as error:  # the app is foreign code: whatever it raises is bad input here
        raise _bad_app(f"importing {name!r} failed: {_told(error)}") from None


def _attribute(module: Any, path: str) -> Any:
    found = module
    for name in path.split("."):
        if not hasattr(found, name):
            raise _bad_app(f"{module.__name__} has no {path!r}{_registries_of(module)}")
        found = getattr(found, name)
    return found


def _registries_of(module: Any) -> str:
    from flexes.shell.registry import CapabilityRegistry

    names = sorted(name for name, value in vars(module).items() if isinstance(value, CapabilityRegistry))
    return f"; it has {', '.join(names)}" if names else "; it has no CapabilityRegistry"


def _called(spec: str, function: Any) -> Any:
    try:
        return function()
    except Exception as error:  # foreign code, as above
        raise _bad_app(f"{spec}() failed: {_told(error)}") from None


def _told(error: BaseException) -> str:
    """Return the error with the place in the app where it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
    return f"{type(error).__name__}: {error}{place}"


def _bad_app(message: str) -> typer.BadParameter:
    return typer.BadParameter(message, param_hint="--app")
