"""All projections, by name."""

from collections.abc import Iterable, Mapping
from typing import Final

from flexes_projections.audit_log import AUDIT_LOG
from flexes_projections.directive_outcomes import DIRECTIVE_OUTCOMES
from flexes_projections.errors import UnknownProjection
from flexes_projections.frames import FRAMES
from flexes_projections.human_requests import HUMAN_REQUESTS
from flexes_projections.plan_versions import PLAN_VERSIONS
from flexes_projections.run_list import RUN_LIST
from flexes_projections.table import Projection

ALL: Final[tuple[Projection, ...]] = (
    RUN_LIST,
    PLAN_VERSIONS,
    FRAMES,
    AUDIT_LOG,
    HUMAN_REQUESTS,
    DIRECTIVE_OUTCOMES,
)
BY_NAME: Final[Mapping[str, Projection]] = {projection.name: projection for projection in ALL}


def named(names: Iterable[str]) -> tuple[Projection, ...]:
    """Return the projections with these names, in the order of `ALL`; all for no names.

    Raises:
        UnknownProjection: A name is not that of a projection.
    """
    wanted = set(names)
    unknown = sorted(wanted - BY_NAME.keys())
    if unknown:
        raise UnknownProjection(f"there is no projection {unknown[0]!r}: use {', '.join(BY_NAME)}")
    return tuple(found for found in ALL if not wanted or found.name in wanted)
