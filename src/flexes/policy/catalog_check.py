"""What directives name and the catalog lacks: warnings that are stored with the run, errors of a policy check."""

from collections.abc import Iterator

from flexes.envelope.capability import Catalog
from flexes.policy.context import Directive, Warning


def catalog_warnings(
    directives: tuple[Directive, ...], catalog: Catalog, inputs: frozenset[str]
) -> tuple[Warning, ...]:
    """Return a warning for each facet that nothing gives or produces and each capability that is not in the catalog."""
    produced = inputs.union(*(capability.outputs for capability in catalog.capabilities))
    return tuple(found for directive in directives for found in _of(directive, catalog, produced))


def _of(directive: Directive, catalog: Catalog, produced: frozenset[str]) -> Iterator[Warning]:
    for facet in directive.reads:
        if facet not in produced and facet not in (directive.produced or ())[:1]:
            yield Warning(
                code="unknown_facet",
                where=directive.id,
                message=f"reads the facet {facet!r}, which no capability produces and the envelope does not give",
            )
    named = directive.selector.capability if directive.selector else None
    if named is not None and named not in catalog.by_id:
        yield Warning(
            code="unknown_capability", where=directive.id, message=f"selects the unknown capability {named!r}"
        )
    elif directive.can_match == ():
        yield Warning(code="matches_nothing", where=directive.id, message="no capability of the catalog can match it")
