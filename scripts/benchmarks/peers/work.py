"""What everyone does: nodes one after the other, each with an output that ten rules look at and none objects to."""

import base64
import json
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

Output = dict[str, Any]
Rule = Callable[[Output], bool]

COUNT_OF_OUTPUTS = 64
"""So many different outputs are made beforehand, and used in turn."""

SCORE = 0.9
BOUNDS = tuple(place / 100 for place in range(1, 11))
"""A rule objects to a score below its bound."""


class Took(NamedTuple):
    """The seconds of one run.

    Attributes:
        run_s: From the call that submits the run to its end.
        nodes_s: From the first node to the end; differs where a plan is drafted, checked and stored first.
        cpu_s: What this process worked in `nodes_s`; the server of a database and the disk do not count.
    """

    run_s: float
    nodes_s: float
    cpu_s: float


class Run(Protocol):
    """Does runs of so many nodes, so many runs at once."""

    def __call__(self, nodes: int, runs: int = 1) -> Took:
        """Return what all of them took, from the call that submits the first to the end of the last."""
        ...


class Stopwatch:
    """Times a run; `node` says that the first node begins now, if that is later than the run."""

    def __init__(self) -> None:
        self._run = self._node = _now()
        self._began = False

    def node(self) -> None:
        """Remember when the first node began; later calls do nothing."""
        if not self._began:
            self._began, self._node = True, _now()

    def stop(self) -> Took:
        """Return what the run took."""
        wall, cpu = _now()
        return Took(wall - self._run[0], wall - self._node[0], cpu - self._node[1])


def threaded(run: Callable[[int], Took]) -> Run:
    """Let what does one run do several, each in a thread of its own."""

    def run_all(nodes: int, runs: int = 1) -> Took:
        if runs == 1:
            return run(nodes)
        watch = Stopwatch()
        with ThreadPoolExecutor(runs) as threads:
            list(threads.map(run, [nodes] * runs))
        return watch.stop()

    return run_all


def outputs_of(size: int) -> list[Output]:
    """Return outputs that are `size` bytes of compact JSON each, of characters that do not compress."""
    noise = random.Random(size)
    frame = len(json.dumps({"score": SCORE, "text": ""}, separators=(",", ":")))
    texts = (base64.b64encode(noise.randbytes(size)).decode()[: size - frame] for _ in range(COUNT_OF_OUTPUTS))
    return [{"score": SCORE, "text": text} for text in texts]


def objections(output: Output) -> int:
    """Apply the ten rules, as plain Python, which no peer of ours can do faster; return how many object."""
    return sum([rule(output) for rule in _RULES])


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _rule(bound: float) -> Rule:
    return lambda output: output["score"] < bound


_RULES: Sequence[Rule] = [_rule(bound) for bound in BOUNDS]
