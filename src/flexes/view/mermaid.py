"""A plan version as a Mermaid flowchart."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from flexes.view.plan_history import PlanVersionRow

_UNSAFE: Final = re.compile(r"[^\w .,:/+~()-]")
_STYLES: Final[Mapping[str, str]] = {
    "pending": "fill:#f4f4f4,stroke:#999",
    "running": "fill:#dbeafe,stroke:#2563eb",
    "completed": "fill:#dcfce7,stroke:#16a34a",
    "failed": "fill:#fee2e2,stroke:#dc2626",
    "removed": "fill:#fafafa,stroke:#bbb,stroke-dasharray:4",
    "abandoned": "fill:#fef9c3,stroke:#ca8a04",
}
"""How the nodes of each status look."""


def mermaid(row: PlanVersionRow, statuses: Mapping[str, str] | None = None) -> str:
    """Return the flowchart; `statuses` gives the status of each node by id, and nodes without one are plain."""
    return "\n".join(_lines(row, statuses or {})) + "\n"


def _lines(row: PlanVersionRow, statuses: Mapping[str, str]) -> Iterator[str]:
    names = {node["id"]: f"n{place}" for place, node in enumerate(row.nodes)}
    yield "flowchart TD"
    for node in row.nodes:
        status = statuses.get(node["id"], "")
        shown = [text for text in (node["id"], node["capability"], status) if text]
        style = f":::{status}" if status in _STYLES else ""
        yield f'    {names[node["id"]]}["{"<br/>".join(_escaped(text) for text in shown)}"]{style}'
    for node in row.nodes:
        for parent in dict.fromkeys(node["dependsOn"]):
            yield f"    {names[parent]} --> {names[node['id']]}"
    used = {statuses.get(node["id"], "") for node in row.nodes}
    for status, style in _STYLES.items():
        if status in used:
            yield f"    classDef {status} {style}"


def _escaped(text: str) -> str:
    """Return a label in which nothing is syntax: every odd character is written as its number."""
    return _UNSAFE.sub(lambda found: f"#{ord(found[0])};", text)
