"""A commit under construction: the one door through which events are made.

Each event gets its place and its origin here, is held against the lifecycle chart, and is folded at once, so that the
rest of the decision sees its effect. Nothing is stored; a refused command leaves no trace.
"""

from collections import deque
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeVar

from flexes.ids import Instant
from flexes.run.commands import CommandBase
from flexes.run.events import Event, RunStarted
from flexes.run.evolve import evolve
from flexes.run.inbox import Item
from flexes.run.lifecycle import allows
from flexes.run.state import State
from flexes.run.trusted import trusted

E = TypeVar("E", bound=Event)

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
        self.events: list[Event] = list(events)
        self.arrived: deque[Item] = deque()
        self.urgent: deque[Item] = deque()

    @classmethod
    def starting(cls, command: CommandBase, **fields: Any) -> "Commit":
        """Return the first commit of a run."""
        event = _made(RunStarted, {**_origin(command, Instant(command.at), 1, 0), **fields})
        return cls(evolve(None, event), command, (event,))

    def append(self, kind: type[Event], **fields: Any) -> None:
        """Make the next event and fold it.

        Raises:
            IllegalEvent: The chart forbids it here.
        """
        if not allows(self.state.status, kind.kind):
            raise IllegalEvent(f"{kind.kind} cannot happen while a run is {self.state.status}")
        origin = _origin(self.command, self.at, self.state.version + 1, self.state.plan_version)
        event = _made(kind, {**origin, **fields})
        self.events.append(event)
        self.state = evolve(self.state, event)


def _made(kind: type[E], fields: Mapping[str, Any]) -> E:
    """Return an event of fields that follow from a checked command and the state, not checked once more.

    Raises:
        IllegalEvent: A field is missing, or the type has none of that name.
    """
    blank, required, known = _blank(kind)
    values = {**blank, **fields}
    if len(values) != len(blank) or not required <= fields.keys():
        raise IllegalEvent(f"{kind.kind} cannot be made of {sorted(fields)}; it has {sorted(blank)}")
    return trusted(kind, values, known)


@cache
def _blank(kind: type[Event]) -> tuple[Mapping[str, Any], frozenset[str], set[str]]:
    """Return every field of a type in order with its default, those that have none, and all names."""
    fields = kind.model_fields
    blank = {
        name: None if field.is_required() else field.get_default(call_default_factory=True)
        for name, field in fields.items()
    }
    return blank, frozenset(name for name, field in fields.items() if field.is_required()), set(fields)


def _origin(command: CommandBase, at: Instant, version: int, plan_version: int) -> dict[str, Any]:
    return {
        "run_id": command.run_id,
        "version": version,
        "at": at,
        "actor": command.actor,
        "command_id": command.id,
        "plan_version": plan_version,
        "decider": DECIDER,
    }
