"""Which URL opens which store, and what is said about the others."""

import sys
from contextlib import closing
from pathlib import Path

import pytest

from flexes.errors import StoreUnavailable, UnknownStore
from flexes.store.coalescing_store import CoalescingStore
from flexes.store.compressing_store import CompressingStore
from flexes.store.memory import MemoryStore
from flexes.store.sqlite import SqliteStore
from flexes.store.urls import database_url, open_store, redacted


def test_memory_url_opens_a_new_store_in_memory() -> None:
    """`memory://` opens an empty store each time."""
    first, second = open_store("memory://"), open_store("memory://")
    assert isinstance(first, MemoryStore)
    assert first is not second


def test_sqlite_url_with_three_slashes_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sqlite:///path` is relative to the working directory; percent signs escape."""
    monkeypatch.chdir(tmp_path)
    with closing(open_store("sqlite:///my%20runs.db")) as store:
        assert isinstance(store, SqliteStore)
    assert (tmp_path / "my runs.db").exists()


@pytest.mark.parametrize("query", ["", "?synchronous=full", "?synchronous=NORMAL"])
def test_sqlite_url_with_four_slashes_is_absolute(tmp_path: Path, query: str) -> None:
    """`sqlite:////path` is absolute; `synchronous` is `full` or `normal`."""
    with closing(open_store(f"sqlite:///{tmp_path}/runs.db{query}")):
        assert (tmp_path / "runs.db").exists()


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("flexes.db", "use memory://, sqlite:///path"),
        ("mysql://host/db", "use memory://, sqlite:///path"),
        ("memory://name", "use memory://"),
        ("sqlite://", "use sqlite:///flexes.db"),
        ("sqlite:///", "use sqlite:///flexes.db"),
        ("sqlite://flexes.db", "use sqlite:///flexes.db"),
        ("sqlite:///:memory:", "use memory://"),
        ("sqlite:///flexes.db?synchronous=off", "use full or normal"),
        ("sqlite:///flexes.db?sync=full", "takes only synchronous"),
        ("sqlite:///flexes.db?coalesce=yes", "use off or on"),
        ("memory://?coalesce=on", "leave coalesce away"),
        ("sqlite:///flexes.db?compress=zlib", "use off or on"),
        ("memory://?compress=on", "leave compress away"),
    ],
)
def test_an_unknown_url_names_the_remedy(url: str, remedy: str) -> None:
    """A URL of another form is `UnknownStore`, whose message says what to write."""
    with pytest.raises(UnknownStore) as refused:
        open_store(url)
    assert url in str(refused.value)
    assert remedy in str(refused.value)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ("coalesce=on", CoalescingStore),
        ("coalesce=off&compress=off", SqliteStore),
        ("compress=on", CompressingStore),
        ("compress=on&coalesce=on", CoalescingStore),
    ],
)
def test_a_switch_puts_another_store_before_the_database(tmp_path: Path, options: str, kind: type) -> None:
    """What a switch turns on stands before the same file as without; coalescing stands before compressing."""
    with closing(open_store(f"sqlite:///{tmp_path}/runs.db?{options}&synchronous=normal")) as store:
        assert type(store) is kind
    assert [file.name for file in tmp_path.iterdir()] == ["runs.db"]


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("postgresql:///db?host=/tmp&coalesce=on", "postgresql:///db?host=/tmp"),
        ("postgresql://me:p%40w@host/db?coalesce=on&options=-csearch_path%3Da%20-cb", "postgresql://me:p%40w@host/db?options=-csearch_path%3Da%20-cb"),
        ("postgresql://host/db?coalesce=off&compress=on", "postgresql://host/db"),
        ("sqlite:///flexes.db", "sqlite:///flexes.db"),
    ],
)  # fmt: skip
def test_the_database_is_not_told_what_is_about_the_store(url: str, database: str) -> None:
    """Only the switches are taken out of a URL; the rest reaches the database to the letter."""
    assert database_url(url) == database


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A file that holds something else is left alone, and the message says that it is no database."""
    other = tmp_path / "notes.txt"
    other.write_text("not a database, but long enough to have a header of one" * 20)
    with pytest.raises(StoreUnavailable, match="not a database"):
        open_store(f"sqlite:///{other}")
    assert other.read_text().startswith("not a database")


@pytest.mark.parametrize("path", ["missing/flexes.db", ""])
def test_a_place_where_no_file_can_be(tmp_path: Path, path: str) -> None:
    """A missing folder, or a folder in place of a file, is `StoreUnavailable` with a remedy."""
    with pytest.raises(StoreUnavailable, match="check that its folder exists"):
        open_store(f"sqlite:///{tmp_path}/{path}")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:sec:ret@x@host/db", "postgresql://me:***@host/db"),
        ("postgresql:///db?user=me&password=secret&sslmode=require", "postgresql:///db?user=me&password=***&sslmode=require"),
        ("postgresql://host/db", "postgresql://host/db"),
        ("sqlite:///a@b.db", "sqlite:///a@b.db"),
    ],
)  # fmt: skip
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    """A password in a URL never reaches a message."""
    assert redacted(url) == shown


def test_an_unknown_url_hides_its_password() -> None:
    """The message about a wrong URL shows no password either."""
    with pytest.raises(UnknownStore) as refused:
        open_store("mysql://me:secret@host/db")
    assert "secret" not in str(refused.value)


def test_postgresql_without_psycopg_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is an optional extra: without it the message says what to install, and shows no password."""
    for name in [name for name in sys.modules if name.startswith("flexes.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'flexes\[postgres\]'") as refused:
        open_store("postgresql://me:secret@host/db")
    assert "secret" not in str(refused.value)
