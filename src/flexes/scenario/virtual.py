"""Time and ids of a simulation: nothing but the scenario decides them."""

from flexes.ids import CommandId, Instant, RunId, derived_id

EPOCH = Instant("2026-01-01T00:00:00.000000Z")
"""When every simulation begins."""


class VirtualClock:
    """A clock that stands still until it is moved; ids are counted."""

    def __init__(self, run_id: RunId) -> None:
        self._run_id = run_id
        self._now = EPOCH
        self._commands = 0

    def now(self) -> Instant:
        """Return the virtual instant."""
        return self._now

    def move_to(self, at: Instant) -> None:
        """Let time pass until an instant; it never goes back."""
        self._now = max(self._now, at)

    def elapsed_s(self) -> float:
        """Return zero: a simulation measures nothing."""
        return 0.0

    def new_run_id(self) -> RunId:
        """Return the scenario's run id."""
        return self._run_id

    def new_command_id(self) -> CommandId:
        """Return the next id."""
        self._commands += 1
        return CommandId(derived_id(self._run_id, "command", self._commands))
