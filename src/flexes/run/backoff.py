"""How long a re-run waits: exponential, with jitter that the same seed always repeats, never above the cap."""

from uuid import UUID

from flexes.policy.actions import Backoff

MAX_JITTER = 0.25
"""Jitter adds up to this part of the delay, so that the authored delay is a lower bound."""


def delay_ms(backoff: Backoff, attempt: int, seed: str) -> float:
    """Return the delay before the n-th extra run, n from 1; `seed` is a UUID."""
    delay = min(backoff.initial_ms * _growth(backoff.multiplier, attempt - 1), backoff.max_ms)
    spread = (UUID(seed).int % 1_000_000) / 1_000_000
    return round(min(delay * (1 + MAX_JITTER * spread), backoff.max_ms), 3)


def _growth(multiplier: float, times: int) -> float:
    try:
        return float(multiplier) ** times
    except OverflowError:
        return 1e300
