"""A process that rebuilds in small batches, with a number of workers, to be killed."""

import sys
import time

from flexes.store.urls import open_store
from flexes_projections.filling import Workers
from flexes_projections.opening import open_database
from flexes_projections.rebuild import rebuild

PAUSE_S = 0.02

if __name__ == "__main__":
    url, count = sys.argv[1], int(sys.argv[2])
    workers = Workers(url, count, shared_from=1)
    rebuild(open_store(url), open_database(url), batch=20, observer=lambda _: time.sleep(PAUSE_S), workers=workers)
