"""A writer in a process of its own: `python writer.py URL MODE RUN NAME COUNT`; it waits for a line to start.

Modes: `race` tries to write each version 1 to COUNT of the run and prints those that it won; `own` makes
COUNT appends of thirty events to the run; `flood` appends batches of 40 events until killed, printing once.
"""

import sys
from contextlib import closing, suppress
from itertools import count

from flexes.errors import VersionConflict
from flexes.ids import RunId
from flexes.store.port import EventStore, NewEvent
from flexes.store.urls import open_store


def race(store: EventStore, run_id: RunId, name: str, versions: int) -> None:
    """Try to write every version, and print the versions that this writer won."""
    won: list[int] = []
    for version in range(1, versions + 1):
        with suppress(VersionConflict):
            store.append([NewEvent(run_id, version, "Raced", name.encode())])
            won.append(version)
    print(*won)


def own(store: EventStore, run_id: RunId, name: str, appends: int) -> None:
    """Append thirty events at a time to a run of one's own."""
    for first in range(1, 30 * appends, 30):
        store.append([NewEvent(run_id, first + step, "Owned", name.encode() * 200) for step in range(30)])


def flood(store: EventStore, run_id: RunId, name: str, _count: int) -> None:
    """Append until killed."""
    head = len(store.read(run_id))
    for batch in count():
        first = head + 40 * batch + 1
        store.append([NewEvent(run_id, first + step, "Flooded", name.encode() * 2_000) for step in range(40)])
        if batch == 0:
            print("flooding", flush=True)


if __name__ == "__main__":
    _, url, mode, run, name, number = sys.argv
    with closing(open_store(url)) as opened:
        print("ready", flush=True)
        sys.stdin.readline()
        {"race": race, "own": own, "flood": flood}[mode](opened, RunId(run), name, int(number))
