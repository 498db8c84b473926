"""What a node costs when 1, 4 or 16 runs are under way in one process: 50 nodes in a row each, as in `orchestration`.

flexes drives them on one event loop, which is how a service would; the peers get a thread for each run, for their
synchronous calls would hold up a loop. Each commit is flushed before the next node of its run begins. A node's time is
that of all runs over all their nodes, submitting and drafting included; `1 run` is the same for a single one.
"""

from figures import Figure, is_quick, repeats
from peers.trial import Case, Trials

NODES = 50
BYTES = 120
ROUNDS = 3
TIMES = 3
PATIENCE_S = 120.0

RUNS = (1, 4, 16)
PEERS = {"sqlite": ("langgraph", "dbos:wal", "eventsourcing"), "postgresql": ("langgraph", "dbos", "eventsourcing")}


def figures() -> list[Figure]:
    """Return times of a node for each number of runs, and ratios to a single run and to the peers."""
    own = {database: [_case("flexes", database, runs) for runs in RUNS] for database in PEERS}
    peers = {database: [_case(peer, database, RUNS[-1]) for peer in names] for database, names in PEERS.items()}
    trials = Trials([case for found in (own, peers) for cases in found.values() for case in cases], repeats(ROUNDS))
    return [
        figure
        for database in PEERS
        for figure in [*_alone(trials, own[database]), *_beside(trials, peers[database], own[database][-1])]
    ]


def _case(peer: str, database: str, runs: int) -> Case:
    return Case(peer, database, NODES, BYTES, 1 if is_quick() else TIMES, PATIENCE_S, runs)


def _alone(trials: Trials, cases: list[Case]) -> list[Figure]:
    single = cases[0]
    found = [trials.per_node(case, "run_s", _named(case)) for case in cases]
    return [*found, *(trials.ratio(single, case, "run_s", f"1 run / {_named(case)}") for case in cases[1:])]


def _beside(trials: Trials, cases: list[Case], own: Case) -> list[Figure]:
    return [
        figure
        for case in cases
        for figure in (
            trials.per_node(case, "run_s", _named(case)),
            trials.ratio(case, own, "run_s", "peer / flexes"),
        )
    ]


def _named(case: Case) -> str:
    return "1 run" if case.runs == 1 else f"{case.runs} runs"
