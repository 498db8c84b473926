"""What can be said of each `when` by itself, and of the facets and metrics that directives read.

| code | severity | when |
|---|---|---|
| unknown_facet | error | nothing gives or produces the facet, or its schema allows no such key |
| type_mismatch | error | the facet's schema allows no value that the test takes; a warning for metrics |
| unknown_metric | warning | the metric is no facet, and no outcome is known to report it |
| never_matches | error | it matches on no facets whatsoever |
| always_matches | warning | it matches on all facets, or on all that fit |
| unguarded_negation | warning | `!=` or `not` on a facet that may be missing, without `exists` |
| can_match | info | with an example of facets on which it matches |
"""

from collections.abc import Iterator

from flexes.envelope.paths import MISSING, Crossing, Path, parse_path, resolve
from flexes.policy.authored import METRIC_KINDS, ChannelThreshold, QualityThreshold, RuntimePolicy
from flexes.policy.check_finding import Finding, Surroundings, similar
from flexes.policy.check_places import Subject, predicates
from flexes.policy.metric import facet_path
from flexes.predicate.analysis import always, example, never, never_false, unguarded_negations
from flexes.predicate.ast import Compare, When
from flexes.predicate.catalog import check_facets
from flexes.predicate.printer import print_text

_NEGATED = "{} may be missing, and then this does not match; add `&& exists({})`, or `|| !exists({})` to match then"


def predicate_findings(subject: Subject, around: Surroundings) -> Iterator[Finding]:
    """Yield what is to be said of the predicates, the metric and the channel's facet of a directive."""
    for pointer, when in predicates(subject):
        yield from _facets(subject, pointer, when, around)
        yield from _logic(subject, pointer, when, around)
    if around.facets is not None:
        yield from _metric(subject, around)
        yield from _channel(subject, around)


def _facets(subject: Subject, pointer: str, when: When, around: Surroundings) -> Iterator[Finding]:
    for problem in check_facets(when, around.facets) if around.facets is not None else ():
        message = f"{problem.value}: {problem.message}"
        yield _finding(problem.code, "error", subject, pointer, message)


def _logic(subject: Subject, pointer: str, when: When, around: Surroundings) -> Iterator[Finding]:
    text = print_text(when)
    if never(when):
        yield _finding("never_matches", "error", subject, pointer, f"no facets whatsoever match {text}; correct it")
        return
    if always(when):
        message = f"{text} matches whatever the facets are; leave it out, or say what is meant"
        yield _finding("always_matches", "warning", subject, pointer, message)
    elif never_false(when):
        message = f"{text} is false for no value: it only asks that the facets are there; write exists(...) if so meant"
        yield _finding("always_matches", "warning", subject, pointer, message)
    for path in unguarded_negations(when):
        if not _is_given(parse_path(path, 10_000), around):
            guarded = path.split("[*]")[0]
            message = _NEGATED.format(path, guarded, guarded)
            yield _finding("unguarded_negation", "warning", subject, pointer, message)
    found = example(when)
    if found is not None:
        yield _finding("can_match", "info", subject, pointer, f"{text} can match").model_copy(update={"example": found})


def _is_given(path: Path, around: Surroundings) -> bool:
    """Return whether the envelope gives the value and no capability writes the facet anew."""
    if around.catalog is None or any(path.root in one.outputs for one in around.capabilities):
        return False
    value = resolve(path, around.inputs[path.root]) if path.root in around.inputs else MISSING
    return value is not MISSING and value is not None and not isinstance(value, Crossing)


def _metric(subject: Subject, around: Surroundings) -> Iterator[Finding]:
    authored = subject.authored
    if isinstance(authored, QualityThreshold):
        metric, pointer = authored.metric, f"{subject.pointer}/metric"
    elif isinstance(authored, RuntimePolicy) and authored.trigger.kind in METRIC_KINDS and authored.trigger.metric:
        metric, pointer = authored.trigger.metric, f"{subject.pointer}/trigger/metric"
    else:
        return
    path = facet_path(metric)
    if metric in (around.metrics or ()):
        return
    facets = around.facets or {}
    if path is not None and path.root in facets and "[*]" not in metric:
        for problem in check_facets(Compare(path=metric, op="<", value=0), facets):
            yield _finding(problem.code, "warning", subject, pointer, f"as a facet: {problem.message}")
    elif around.metrics is not None or path is None or path.segments:
        names = similar(metric, (*(around.metrics or ()), *facets))
        message = f"{metric} is no facet, and no outcome is known to report a metric of this name{names}"
        yield _finding("unknown_metric", "warning", subject, pointer, message)


def _channel(subject: Subject, around: Surroundings) -> Iterator[Finding]:
    if isinstance(subject.authored, ChannelThreshold):
        root = parse_path(subject.authored.facet).root
        if root not in (around.facets or {}):
            message = f"nothing produces the facet {root}{similar(root, around.facets or ())}"
            yield _finding("unknown_facet", "error", subject, f"{subject.pointer}/facet", message)


def _finding(code: str, severity: str, subject: Subject, pointer: str, message: str) -> Finding:
    return Finding.model_validate(
        {"code": code, "severity": severity, "pointer": pointer, "message": message, "directive": subject.directive.id}
    )
