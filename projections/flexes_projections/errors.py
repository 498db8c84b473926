"""What projections raise, under the one root of flexes.

StoreError
├── UnknownProjection     unknown_projection
├── RowsRefused           rows_refused           the database took other rows, but not these
├── ProjectionStopped     projection_stopped     an event could not be projected
└── NotBuilt              not_built              a read model that was never built, or is of another version
"""

from flexes.errors import StoreError


class UnknownProjection(StoreError):
    """No projection has this name."""

    code = "unknown_projection"


class RowsRefused(StoreError):
    """The database refused the rows themselves; trying again would not help."""

    code = "rows_refused"


class ProjectionStopped(StoreError):
    """An event could not be projected; the projection stands where it was, and says why."""

    code = "projection_stopped"


class NotBuilt(StoreError):
    """A read model that was never built, or that another version of its projection built."""

    code = "not_built"
