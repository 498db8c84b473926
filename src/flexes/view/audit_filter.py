"""Filters over the audit log, combined with AND: one definition for rows in memory and for a database's WHERE."""

from collections.abc import Callable, Mapping, Sequence
from operator import eq, ge, le
from typing import Any, Final, Literal, NamedTuple

from flexes.envelope.model import Count, Model, Name
from flexes.policy.actions import ActionType
from flexes.view.audit import AuditRow

Operator = Literal["=", ">=", "<="]

_COMPARE: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {"=": eq, ">=": ge, "<=": le}


class Condition(NamedTuple):
    """One comparison: a field of AuditRow, how, and with what."""

    field: str
    operator: Operator
    value: str | int


_FIELDS: Final[Mapping[str, tuple[str, Operator]]] = {
    "run": ("run_id", "="),
    "policy": ("policy_id", "="),
    "action": ("action_type", "="),
    "outcome": ("outcome", "="),
    "node": ("node_id", "="),
    "plan_version": ("plan_version", "="),
    "since": ("at", ">="),
    "until": ("at", "<="),
}


class AuditFilter(Model, frozen=True):
    """What a query asks for; a field that is not given leaves every row in.

    Attributes:
        since, until: Instants, both inclusive.
    """

    run: Name | None = None
    policy: Name | None = None
    action: ActionType | None = None
    outcome: Name | None = None
    node: Name | None = None
    plan_version: Count | None = None
    since: Name | None = None
    until: Name | None = None

    def conditions(self) -> tuple[Condition, ...]:
        """Return the comparisons that a row must all pass."""
        given = ((field, getattr(self, field)) for field in _FIELDS)
        return tuple(Condition(*_FIELDS[field], value) for field, value in given if value is not None)

    def matches(self, row: AuditRow) -> bool:
        """Return whether the row has everything that the filter asks for; a null never matches."""
        return all(_holds(getattr(row, found.field), found) for found in self.conditions())


class AuditPage(NamedTuple):
    """A part of an answer, as an index of the audit log gives it.

    Attributes:
        upto: With this page every matching row of the events up to this position has been given.
        rows: Those that are new, in the order of the log.
    """

    upto: int
    rows: Sequence[AuditRow]


def _holds(value: Any, condition: Condition) -> bool:
    return value is not None and _COMPARE[condition.operator](value, condition.value)
