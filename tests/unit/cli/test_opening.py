"""Stores, runs and apps are found, or the message says what to do."""

import sys
from pathlib import Path

import pytest
import typer

from flexes.cli.opening import find_run, load_app, reading
from flexes.errors import RunNotFound, StoreUnavailable
from flexes.ids import RunId
from flexes.store.memory import MemoryStore
from flexes.store.port import NewEvent

FIRST = RunId("0b099d9c-58a4-46cd-b714-1d908659835c")
SECOND = RunId("0b099d9c-ffff-46cd-b714-1d908659835c")


@pytest.fixture
def store() -> MemoryStore:
    """Return a store with two runs whose ids begin alike."""
    store = MemoryStore()
    for run_id in (FIRST, SECOND):
        store.append([NewEvent(run_id, 1, "RunStarted", b"{}")])
    return store


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Return the name of an app module in the working directory."""
    name = f"app_{request.node.name.partition('[')[0]}"
    (tmp_path / f"{name}.py").write_text(
        "from flexes import CapabilityRegistry\nregistry = CapabilityRegistry()\nnumber = 3\n"
        "def make():\n    return registry\ndef broken():\n    raise ValueError('no database')\n"
    )
    (tmp_path / "bad_syntax.py").write_text("def (:\n")
    (tmp_path / "bad_import.py").write_text("import a_module_that_is_missing\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return name


def test_a_run_is_found_by_its_beginning(store: MemoryStore) -> None:
    """A unique beginning of at least four characters, or the whole id in any spelling, names a run."""
    assert find_run(store, "0b099d9c-5") == FIRST
    assert find_run(store, "0B099D9C-F") == SECOND
    assert find_run(store, FIRST.replace("-", "").upper()) == FIRST


def test_an_unclear_run_is_refused(store: MemoryStore) -> None:
    """Too short, ambiguous and unknown references are told apart."""
    with pytest.raises(typer.BadParameter, match="at least 4"):
        find_run(store, "0b0")
    with pytest.raises(typer.BadParameter, match="beginning of 2 runs"):
        find_run(store, "0b099d9c")
    for unknown in ("ffff", "00000000-58a4-46cd-b714-1d908659835c"):
        with pytest.raises(RunNotFound):
            find_run(store, unknown)


def test_reading_never_makes_a_store(tmp_path: Path) -> None:
    """A file that is not there is said to be missing, and still is afterwards."""
    path = tmp_path / "none.db"
    with pytest.raises(StoreUnavailable, match=r"there is no file .*none\.db"), reading(f"sqlite:///{path}"):
        pass
    assert not path.exists()


@pytest.mark.parametrize("attribute", ["registry", "make"])
def test_an_app_is_a_registry_or_returns_one(app: str, attribute: str) -> None:
    """The attribute is a registry, or a function that returns one, of a module in the working directory."""
    assert load_app(f"{app}:{attribute}").catalog.capabilities == ()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{app}", "not of the form"),
        ("{app}:nothing", "it has registry"),
        ("{app}:number", "of type int"),
        ("{app}:broken", r"no database \(.*:7\)"),
        ("missing_app:registry", "there is no module 'missing_app'"),
        ("bad_syntax:registry", "SyntaxError"),
        ("bad_import:registry", "a_module_that_is_missing"),
    ],
)
def test_a_wrong_app_is_refused(app: str, spec: str, message: str) -> None:
    """Each way of naming an app wrongly is said in words, with the place in the app where it broke."""
    with pytest.raises(typer.BadParameter, match=message):
        load_app(spec.format(app=app))
