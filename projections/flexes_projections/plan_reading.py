"""Reading a plan version back from its row; two of them can be compared with `flexes.view.plan_diff.diff`."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from flexes.ids import RunId
from flexes.view.plan_history import PlanVersionRow
from flexes_projections.database import Database
from flexes_projections.ddl import view_name
from flexes_projections.plan_versions import VERSIONS

_JSON: Final = ("triggers", "provenance", "delta", "unanswered", "nodes", "facets", "contracts", "diagnostics")
_PLAIN: Final = ("run_id", "previous_version", "rationale")


def plan_version(database: Database, run_id: RunId, version: int) -> PlanVersionRow | None:
    """Return a version of a run's plan, secrets redacted; None if there is none."""
    sql = f"SELECT {', '.join(VERSIONS.names)} FROM {view_name(VERSIONS)} WHERE run_id = ? AND plan_version = ?"
    found = database.read(lambda session: session.select(sql, (run_id, version)))
    return _row(dict(zip(VERSIONS.names, found[0], strict=True))) if found else None


def _row(cells: Mapping[str, Any]) -> PlanVersionRow:
    plain = {name: cells[name] for name in _PLAIN}
    loaded = {name: None if cells[name] is None else orjson.loads(cells[name]) for name in _JSON}
    return PlanVersionRow.model_validate({**plain, **loaded, "version": cells["plan_version"]})
