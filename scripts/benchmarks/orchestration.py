"""What a node costs: 50 nodes in a row, 120 bytes each, each one durable before the next, ten directives a node.

Peers check ten plain Python predicates a node and record no decision about them. All of them flush every commit,
but `activegraph` on SQLite as it comes. Each time is a node's share of a run in a process of its own, after a run to
warm up: without starting processes, making databases, registering, and compiling graphs. Ratios are medians over
rounds in which all take turns. `flexes, asleep` does nothing for half a millisecond after each commit: what the same
work costs a processor that idled, as it does while a disk flushes; `flexes, normal` does not wait for the disk.
"""

from figures import Figure, is_quick, repeats
from peers.trial import Case, Trials

NODES = 50
BYTES = 120
ROUNDS = 3
TIMES = 5
PATIENCE_S = 60.0

PEERS = {
    "sqlite": (
        "langgraph", "langgraph:kept", "dbos", "dbos:wal", "eventsourcing", "activegraph", "activegraph:full",
    ),
    "postgresql": ("langgraph", "langgraph:kept", "dbos", "eventsourcing", "activegraph"),
}  # fmt: skip
AT_LEAST = {"langgraph": 4.0, "langgraph:kept": 4.0, "dbos": 8.0, "dbos:wal": 8.0}
AT_MOST_FLOORS = 1.3


def figures() -> list[Figure]:
    """Return times of a node and ratios, first of flexes and the floor, then of the peers, for each database."""
    alone = [_case("flexes", "memory"), _case("flexes:asleep", "memory"), _case("flexes:normal", "sqlite")]
    found = {database: [_case("floor", database), _case("flexes", database)] for database in PEERS}
    cases = [
        *alone,
        *(case for database, peers in PEERS.items() for case in [*found[database], *_peers(database, peers)]),
    ]
    trials = Trials(cases, repeats(ROUNDS))
    rows = [figure for case in alone for figure in _times(trials, case)]
    for database, peers in PEERS.items():
        rows += _against_floor(trials, *found[database])
        for peer in _peers(database, peers):
            rows += _against_peer(trials, peer, found[database][1])
    return rows


def _case(peer: str, database: str) -> Case:
    return Case(peer, database, NODES, BYTES, 1 if is_quick() else TIMES, PATIENCE_S)


def _peers(database: str, names: tuple[str, ...]) -> list[Case]:
    return [_case(name, database) for name in names]


def _times(trials: Trials, case: Case) -> list[Figure]:
    return [
        trials.per_node(case, "nodes_s", "a node"),
        trials.per_node(case, "run_s", "with submitting and drafting"),
        trials.per_node(case, "cpu_s", "of that, work of the process"),
    ]


def _against_floor(trials: Trials, floor: Case, own: Case) -> list[Figure]:
    return [
        trials.per_node(floor, "nodes_s", "one INSERT and commit"),
        *_times(trials, own),
        trials.ratio(own, floor, "nodes_s", "flexes / floor", at_most=AT_MOST_FLOORS),
    ]


def _against_peer(trials: Trials, peer: Case, own: Case) -> list[Figure]:
    return [
        trials.per_node(peer, "nodes_s", "a node"),
        trials.ratio(peer, own, "nodes_s", "peer / flexes", at_least=AT_LEAST.get(peer.peer)),
        trials.ratio(peer, own, "cpu_s", "peer / flexes, work of the process"),
    ]
