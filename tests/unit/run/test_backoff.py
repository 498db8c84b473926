"""How long a re-run waits: exponential, capped, with jitter that repeats (semantics 8)."""

import math

from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies_run import PROFILE

from flexes.policy.actions import Backoff
from flexes.run.backoff import MAX_JITTER, delay_ms

BACKOFFS = st.builds(
    Backoff,
    initial_ms=st.floats(0, 1e6),
    multiplier=st.floats(1, 100),
    max_ms=st.floats(0, 1e13),
)
SEEDS = st.uuids().map(str)


@given(backoff=BACKOFFS, attempt=st.integers(1, 1_000_000), seed=SEEDS)
@PROFILE
def test_bounds(backoff: Backoff, attempt: int, seed: str) -> None:
    """At least the authored delay, at most a quarter more, never above the cap; the same each time."""
    doublings = (attempt - 1) * math.log(backoff.multiplier)
    power = math.exp(min(doublings, 600))
    authored = min(backoff.initial_ms * power, backoff.max_ms)
    found = delay_ms(backoff, attempt, seed)
    slack = 0.001 + authored * 1e-6
    assert authored - slack <= found <= min(authored * (1 + MAX_JITTER), backoff.max_ms) + slack
    assert found == delay_ms(backoff, attempt, seed)


@given(attempt=st.integers(1, 60), seed=SEEDS)
@PROFILE
def test_growth(attempt: int, seed: str) -> None:
    """It doubles with each extra run until the cap."""
    backoff = Backoff(initial_ms=100.0, multiplier=2.0, max_ms=5000.0)
    expected = min(100.0 * 2 ** (attempt - 1), 5000.0)
    assert expected <= delay_ms(backoff, attempt, seed) <= min(expected * 1.25, 5000.0)


def test_jitter_differs_by_seed() -> None:
    """Different runs and directives do not wait in step."""
    seeds = [f"00000000-0000-0000-0000-{number * 7919:012d}" for number in range(50)]
    assert len({delay_ms(Backoff(), 1, seed) for seed in seeds}) > 40
