"""How many events are taken at once: few at first, then as many as their bytes allow."""

from typing import Final

BATCH: Final = 2_000
"""Most events that are read at once."""

BATCH_BYTES: Final = 8_000_000
"""About how many bytes of events are read at once."""

FIRST_BATCH: Final = 100
"""Most events of the first batch, whose bytes are not known yet."""


class Pace:
    """The size of the next batch.

    Args:
        most: Most events of a batch.

    Attributes:
        limit: Most events of the next one.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.limit = min(most, FIRST_BATCH)

    def learn(self, limit: int, size: int) -> None:
        """Let the bytes of a batch of at most `limit` events decide how many events the next one has."""
        self.limit = max(1, min(self._most, 2 * limit, limit * BATCH_BYTES // max(size, 1)))
