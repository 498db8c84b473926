"""Where signals and actions arrive in a commit, to be evaluated when it settles."""

from flexes.run import events as ev
from flexes.run.commit import Commit
from flexes.run.inbox import Item


def arrive(commit: Commit, item: Item, *, urgent: bool = False) -> None:
    """Queue an item; an urgent one, a fail that a person wants, is taken whatever the status is."""
    (commit.urgent if urgent else commit.arrived).append(item)


def defer(commit: Commit, item: Item) -> None:
    """Put an item into the inbox."""
    commit.append(ev.SignalDeferred, item=item.model_dump(mode="json", by_alias=True, exclude_defaults=True))
