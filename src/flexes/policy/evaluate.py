"""One directive's test on one signal: opted out, disabled, matched, skipped or invalid (story 8.22 FR3).

Nothing here raises on data. What needs the run's counters (cooling down, exhausted, superseded) is judged by the run.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from flexes.envelope.paths import MISSING, Crossing, parse_path, resolve
from flexes.policy.context import ChannelTest, Directive, PolicyContext, Test
from flexes.policy.selector import NodeView
from flexes.predicate.compile import Compiled, compile_when
from flexes.predicate.limits import Limits
from flexes.predicate.verdict import FALSE, MATCHED, MISSED, Verdict

Lookup = Callable[[str], object]
"""Gives the JSON value of a root, a facet or one of `$run`, `$node`, `$signal`; MISSING where there is none."""


class OptOut(NamedTuple):
    """That a node opts out of a directive, with the authored rationale."""

    rationale: str


def opted_out(context: PolicyContext, directive_id: str, node: NodeView, own: Any) -> OptOut | None:
    """Return why the directive leaves this node alone, by the node's own overrides or the envelope's; None if not."""
    if own is not None and directive_id in own.opt_out:
        return OptOut(own.rationale)
    for override in context.overrides:
        if directive_id in override.opt_out and override.selector.matches(node):
            return OptOut(override.rationale)
    return None


def test_of(context: PolicyContext, directive: Directive) -> Compiled:
    """Return the directive's test: from a lookup to a verdict, matched where it has none; made on first use."""
    test = context.compiled.get(directive.id)
    if test is None:
        test = context.compiled[directive.id] = _compiled(directive.test, context.limits)
    return test


def _compiled(test: Test | None, limits: Limits) -> Compiled:
    match test:
        case None:
            return lambda _lookup: MATCHED
        case ChannelTest():
            return partial(_channel_verdict, test)
        case _:
            return compile_when(test.when, limits)


def _channel_verdict(test: ChannelTest, lookup: Lookup) -> Verdict:
    path = parse_path(test.facet)
    root = lookup(path.root)
    if not _is_for_channel(test, lookup("channel"), root):
        return FALSE
    text = MISSING if root is MISSING else resolve(path, root)
    if text is MISSING or text is None:
        return MISSED
    if not isinstance(text, str):
        found = "a scalar on the way" if isinstance(text, Crossing) else type(text).__name__
        return Verdict("invalid", f"{test.facet}: expected text, got {found}")
    breach = _breach(test, text)
    return Verdict("matched", breach) if breach else FALSE


def _is_for_channel(test: ChannelTest, given: object, root: object) -> bool:
    own = root.get("channel") if isinstance(root, dict) else None
    return test.channel in (given, own)


def _breach(test: ChannelTest, text: str) -> str:
    folded = text.casefold()
    if test.max_length is not None and len(text) > test.max_length:
        return f"{len(text)} characters, at most {test.max_length}"
    for phrase in test.forbid:
        if phrase.casefold() in folded:
            return f"contains the forbidden {phrase!r}"
    for phrase in test.require:
        if phrase.casefold() not in folded:
            return f"lacks the required {phrase!r}"
    return ""
