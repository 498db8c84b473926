"""One structured log line: the fields that every line has, redacted.

Rules:
1. Every line has the fields of BASE, null where there is nothing; its name says which others (docs/telemetry.md).
2. Values under secret keys are redacted at any depth (semantics 12).
3. An expression that tests a path with a secret key is redacted as a whole: its literal is that secret.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from flexes.envelope.redact import REDACTED, is_secret, redact
from flexes.policy.context import Directive, PredicateTest
from flexes.predicate.ast import leaves_of, stored_path
from flexes.view.audit_facts import facets_of, node_of
from flexes.view.sentences import one_line
from flexes.view.step import Step

Level = Literal["debug", "info", "warning"]

BASE: Final = ("run_id", "plan_version", "version", "node_id", "capability_id", "facets", "correlation_id")
"""Fields of every line: the run, where it stands, and what the line is about."""


class Line(NamedTuple):
    """One structured log line: its level, its name, and its fields as plain JSON."""

    level: Level
    name: str
    fields: Mapping[str, Any]


def line_of(step: Step[Any], level: Level, name: str, **fields: Any) -> Line:
    """Return the line with the fields of BASE and these."""
    event, node_id = step.event, node_of(step)
    base = {
        "run_id": event.run_id,
        "plan_version": step.plan_version,
        "version": event.version,
        "node_id": node_id,
        "capability_id": getattr(event, "capability_id", None) or step.capability_of(node_id),
        "facets": list(facets_of(step)),
        "correlation_id": step.after.correlation_id,
    }
    return Line(level, name, redact({**base, **fields}))


def expression_of(directive: Directive | None) -> str | None:
    """Return a directive's test as one line of text; redacted if it tests what a secret key holds."""
    if directive is None or not isinstance(directive.test, PredicateTest):
        return directive.expression if directive else None
    paths = (stored_path(leaf.path) for leaf in leaves_of(directive.test.when))
    tests_secret = any(is_secret(part) for path in paths for part in (path.root, *path.segments))
    return REDACTED if tests_secret else directive.expression


def short(text: str | None) -> str | None:
    """Return a text of users or models on one line, cut where it is too long."""
    return one_line(text) if text else None
