"""Runs of one peer in a process of its own: `python -m peers.child PEER[:FORM] URL NODES BYTES TIMES` prints a trial.

A process each, so that no peer's threads, caches and garbage burden another. A shorter run goes first, which
loads, compiles and prepares what is needed once; it is neither timed nor counted. What lives then is frozen: whether
the collector happens to look through every imported module within 50 nodes is chance, and no cost of a node.
"""

import gc
import importlib
import json
import statistics
import sys
from typing import Any

from ground.database import Database

from peers.work import Run, Took, outputs_of

WARM_NODES = 50


def main(name: str, url: str, nodes: int, size: int, times: int, runs: int) -> dict[str, Any]:
    """Return the medians of the seconds, and for one run the rows and the bytes by which its database grew.

    `missing` says instead which package is not installed.
    """
    module, _, form = name.partition(":")
    try:
        peer = importlib.import_module(f"peers.{module}")
    except ModuleNotFoundError as error:
        return {"missing": str(error.name)}
    database = Database(url)
    with peer.runner(url, outputs_of(size), form) as run:
        run(min(nodes, WARM_NODES))
        rows, grown = database.count(peer.ROWS), database.size()
        took = [_clean(run, nodes, runs) for _ in range(times)]
        medians = Took(*(statistics.median(values) for values in zip(*took, strict=True)))
        rows, grown = database.count(peer.ROWS) - rows, database.size() - grown
    return {**medians._asdict(), "rows": rows // times, "grown": grown // times}


def _clean(run: Run, nodes: int, runs: int) -> Took:
    gc.collect()
    gc.freeze()
    return run(nodes, runs)


if __name__ == "__main__":
    _, chosen, where, *numbers = sys.argv
    print(json.dumps(main(chosen, where, *map(int, numbers))))
