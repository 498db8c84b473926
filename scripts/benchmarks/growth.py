"""What growth costs: 100, 1,000 and 10,000 nodes in a row with 1,000 bytes each: time of a node, bytes on disk.

Bytes on disk are all pages of tables and indexes by which a run makes its database grow, over the bytes of its
outputs. These are random base64, which DEFLATE packs to three quarters (English prose to less); `compress` is flexes
with `compress=on`. Peers stop at 1,000 nodes. `langgraph` is a graph of as many nodes whose state holds the last
output; `kept` holds all of them; `loop` is one node visited as often.
"""

from figures import Figure, is_quick, repeats
from peers.trial import Case, Trials

SIZES = (100, 1_000, 10_000)
SIZES_OF_PEERS = (100, 1_000)
BYTES = 1_000
ROUNDS = 3
TIMES_OF_SMALLEST = 3
PATIENCE_S = 120.0
PATIENCE_WITH_PEERS_S = 30.0

DATABASES = ("sqlite", "postgresql")
OURS = ("flexes", "flexes:compress")
PEERS = ("langgraph", "langgraph:kept", "langgraph:loop", "dbos", "eventsourcing", "activegraph")
AT_MOST_TIMES_THE_SMALLEST = 1.1
AT_MOST_TIMES_THE_PAYLOAD = 2.0


def figures() -> list[Figure]:
    """Return for each size the time of a node, its ratio to that of the smallest size, and bytes over payload."""
    own = [_own(name, database) for database in DATABASES for name in ("floor", *OURS)]
    peers = [_cases(name, database, SIZES_OF_PEERS, PATIENCE_WITH_PEERS_S) for database in DATABASES for name in PEERS]
    series = [_own("flexes", "memory"), *own, *peers]
    trials = Trials([case for cases in series for case in cases], repeats(ROUNDS))
    return [figure for cases in series for case in cases for figure in _figures(trials, case, cases[0])]


def _own(name: str, database: str) -> list[Case]:
    return _cases(name, database, SIZES[:-1] if is_quick() else SIZES, PATIENCE_S)


def _cases(name: str, database: str, sizes: tuple[int, ...], patience_s: float) -> list[Case]:
    times = {SIZES[0]: TIMES_OF_SMALLEST}
    return [Case(name, database, nodes, BYTES, times.get(nodes, 1), patience_s) for nodes in sizes]


def _figures(trials: Trials, case: Case, smallest: Case) -> list[Figure]:
    what, ours, over = f"{case.nodes:,} nodes", case.peer in OURS, f"{case.nodes:,} nodes: over {smallest.nodes}"
    found = [trials.per_node(case, "nodes_s", what)]
    if case in trials.reasons:
        return found
    if case is not smallest:
        aim = AT_MOST_TIMES_THE_SMALLEST if ours and case.nodes == SIZES[-1] else None
        found.append(trials.ratio(case, smallest, "nodes_s", over, at_most=aim))
    if case is not smallest and ours:
        found.append(trials.ratio(case, smallest, "cpu_s", f"{over}, work of the process"))
    if case.database != "memory":
        found.append(trials.grown(case, f"{what}: bytes / payload", AT_MOST_TIMES_THE_PAYLOAD if ours else None))
    return found
