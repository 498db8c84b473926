"""Threads in a process of their own: `python acknowledging.py URL THREADS`; each appends to a run, three events a time.

What append returned for is printed at once, a line with run and version each, until the process is killed.
"""

import os
import sys
from itertools import count
from threading import Thread
from uuid import uuid4

from flexes.ids import RunId
from flexes.store.port import EventStore, NewEvent
from flexes.store.urls import open_store


def write(store: EventStore) -> None:
    """Append until killed."""
    run_id = RunId(str(uuid4()))
    for first in count(1, 3):
        store.append([NewEvent(run_id, first + step, "Acknowledged", b"x" * 400) for step in range(3)])
        os.write(sys.stdout.fileno(), f"{run_id} {first + 2}\n".encode())


if __name__ == "__main__":
    url, number = sys.argv[1:]
    opened = open_store(url)
    for _ in range(int(number)):
        Thread(target=write, args=(opened,)).start()
