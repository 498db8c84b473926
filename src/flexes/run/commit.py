"""A commit under construction: the one door through which events are made.

Each event gets its place and its origin here, is held against the lifecycle chart, and is folded at once, so that the
rest of the decision sees its effect. Nothing is stored; a refused command leaves no trace.
"""

from collections import deque
from typing import Any, Final

from flexes.ids import Instant
from flexes.run.commands import CommandBase
from flexes.run.events import Event, RunStarted
from flexes.run.evolve import evolve
from flexes.run.inbox import Item
from flexes.run.lifecycle import allows
from flexes.run.state import State
from flexes.run.trusted import filled

DECIDER: Final = 1
"""Version of the rules in this release; commits of another version are not re-decided."""


class IllegalEvent(AssertionError):
    """A decision tried an event that the chart forbids: a fault of flexes, never of a caller."""


class Commit:
    """The events of one command, and the state after them.

    Attributes:
        at: When the command was given; never before the run's last event, whatever a clock says.
        arrived: Signals and actions of this commit that were not evaluated yet, oldest first.
        urgent: Those that act whatever the status is: a fail that a person wants.
    """

    def __init__(self, state: State, command: CommandBase, events: tuple[Event, ...] = ()) -> None:
        self.state = state
        self.command = command
        self.at = max(Instant(command.at), state.at)
        self._origin = _origin(command, self.at)
        self.events: list[Event] = list(events)
        self.arrived: deque[Item] = deque()
        self.urgent: deque[Item] = deque()

    @classmethod
    def starting(cls, command: CommandBase, **fields: Any) -> "Commit":
        """Return the first commit of a run."""
        event = filled(RunStarted, {**_origin(command, Instant(command.at)), "version": 1, "plan_version": 0, **fields})
        return cls(evolve(None, event), command, (event,))

    def append(self, kind: type[Event], **fields: Any) -> None:
        """Make the next event, unchecked, since it follows from a checked command and the state, and fold it.

        Raises:
            IllegalEvent: The chart forbids it here.
        """
        if not allows(self.state.status, kind.kind):
            raise IllegalEvent(f"{kind.kind} cannot happen while a run is {self.state.status}")
        fields.update(self._origin, version=self.state.version + 1, plan_version=self.state.plan_version)
        event = filled(kind, fields)
        self.events.append(event)
        self.state = evolve(self.state, event)


def _origin(command: CommandBase, at: Instant) -> dict[str, Any]:
    """Return what all events of a command have in common."""
    return {
        "run_id": command.run_id,
        "at": at,
        "actor": command.actor,
        "command_id": command.id,
        "decider": DECIDER,
    }
