"""What projections raise, under the one root of flexes.

StoreError
├── UnknownProjection     unknown_projection
├── RowsRefused           rows_refused           the database took other rows, but not these
├── ProjectionStopped     projection_stopped     an event could not be projected
├── WorkerLost            worker_lost            a process that helped was ended from outside
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


class WorkerLost(StoreError):
    """A process that made rows was ended from outside; what was written is kept."""

    code = "worker_lost"


class NotBuilt(StoreError):
    """A read model that was never built, or that another version of its projection built."""

    code = "not_built"
