"""A log of six events, for tests of what becomes of them."""

from flexes.ids import RunId
from flexes.store.port import NewEvent, Store

RUN = RunId("00000000-0000-4000-8000-000000000001")
OTHER = RunId("00000000-0000-4000-8000-000000000002")


def store_six(store: Store) -> None:
    """Store five events of one run, and one of another in their midst."""
    store.append([NewEvent(RUN, version, "Happened", b"%d" % version) for version in (1, 2, 3)])
    store.append([NewEvent(OTHER, 1, "Happened", b"1")])
    store.append([NewEvent(RUN, version, "Happened", b"%d" % version) for version in (4, 5)])
