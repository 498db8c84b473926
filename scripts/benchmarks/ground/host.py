"""Where figures were measured: hardware, interpreter, databases and the versions of what is compared."""

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from ground.places import postgres_version

PACKAGES = (
    "flexes",
    "eventsourcing",
    "langgraph",
    "langgraph-checkpoint-sqlite",
    "langgraph-checkpoint-postgres",
    "dbos",
    "activegraph",
    "psycopg",
    "pydantic",
    "orjson",
    "json-logic-qubit",
    "cel-python",
)
"""Whatever a figure may depend on; named here so that a table can be measured again."""

_CPU_INFO = Path("/proc/cpuinfo")


def host() -> dict[str, str]:
    """Return what to print beside every table, by name, as text."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": postgres_version() or "not installed",
        **{name: _version(name) for name in PACKAGES},
    }


def _cpu() -> str:
    if not _CPU_INFO.exists():
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in _CPU_INFO.read_text().splitlines() if ":" in line)
    named = {key.strip(): value.strip() for key, value in facts.items()}
    return named.get("model name", platform.machine())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
