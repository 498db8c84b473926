"""The page of the event types, from their models."""

from typing import Final

from scripts.reference.docstrings import docstring
from scripts.reference.fields import fields

from flexes.run.events import EVENT_TYPES, TERMINAL, Event

_COMMON: Final = ("run_id", "version", "at", "actor", "command_id", "plan_version", "decider", "schema_version")
_INTRODUCTION: Final = """\
# Events

A run is its events. Each is stored once, is never changed, and has its place in the run (`version`, from 1) and in \
the log of all runs. `flexes events RUN` lists them, `--json` with all fields. Names of types and fields are a storage \
format: they are added to, never renamed. An event of an unknown type is refused ([`unreadable_event`](errors.md)), \
never skipped.

The commit order is: the fact; `SignalEvaluated`; for each acting directive `PolicyTriggered` and then its effect; \
`RewriteStarted` and `NodeStarted` of what is dispatched next.

## Fields of every event

"""


def events() -> str:
    """Return the page of the event types."""
    common = f"{docstring(Event, has_table=True)}\n\n{fields(Event)}"
    return "".join([_INTRODUCTION, common, *(_section(name, event) for name, event in EVENT_TYPES.items())])


def _section(name: str, event: type[Event]) -> str:
    ending = " Terminal: nothing follows it." if name in TERMINAL else ""
    own = fields(event, leave_out=_COMMON)
    return f"\n## {name}\n\n{docstring(event, has_table=True)}{ending}\n" + (f"\n{own}" if own else "")
