"""The only file that knows what time it is and makes ids at random."""

from datetime import UTC, datetime
from time import perf_counter
from typing import Protocol
from uuid import uuid4

from flexes.ids import CommandId, Instant, RunId, instant


class Clock(Protocol):
    """Where times and new ids come from."""

    def now(self) -> Instant:
        """Return the present instant."""
        ...

    def elapsed_s(self) -> float:
        """Return seconds since some fixed moment; only differences mean something."""
        ...

    def new_run_id(self) -> RunId:
        """Return an id that no run has."""
        ...

    def new_command_id(self) -> CommandId:
        """Return an id that no command has."""
        ...


class SystemClock:
    """The clock of the machine; ids are random UUIDs."""

    def now(self) -> Instant:
        """Return the present instant."""
        return instant(datetime.now(UTC))

    def elapsed_s(self) -> float:
        """Return the machine's steady clock."""
        return perf_counter()

    def new_run_id(self) -> RunId:
        """Return a random id."""
        return RunId(str(uuid4()))

    def new_command_id(self) -> CommandId:
        """Return a random id."""
        return CommandId(str(uuid4()))
