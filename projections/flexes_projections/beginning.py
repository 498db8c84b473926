"""The beginning of a run, whose large documents many runs share: each is parsed once."""

from functools import lru_cache
from typing import Any, Final

import orjson

from flexes.envelope.capability import Catalog
from flexes.policy.context import PolicyContext
from flexes.run.events import RunStarted
from flexes.run.evolve import evolve
from flexes.run.state import State
from flexes.run.trusted import trusted

_SHARED: Final = 256
"""Documents that are kept, the latest used."""


def begun(event: RunStarted) -> State:
    """Return the state after the first event of a run; `evolve` takes parsed documents as they are."""
    parsed: dict[str, Any] = {
        "context": _context(orjson.dumps(event.context)),
        "catalog": _catalog(orjson.dumps(event.catalog)),
    }
    return evolve(None, trusted(RunStarted, vars(event) | parsed, event.model_fields_set))


@lru_cache(maxsize=_SHARED)
def _context(document: bytes) -> PolicyContext:
    return PolicyContext.model_validate(orjson.loads(document))


@lru_cache(maxsize=_SHARED)
def _catalog(document: bytes) -> Catalog:
    return Catalog.model_validate(orjson.loads(document))
