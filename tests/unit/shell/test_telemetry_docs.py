"""The reference of telemetry says what the code does, no more and no less."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.unit.shell.test_telemetry_lines import judged, lines, measures, spans
from tests.unit.view.runs import RUNS, Run, directive

from flexes.run import commands as cmd
from flexes.shell.telemetry_line import BASE
from flexes.shell.telemetry_metrics import INSTRUMENTS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "telemetry.md").read_text()


def rows() -> Iterator[tuple[str, list[str]]]:
    """Yield the first name of each table row, and the names in its other cells."""
    for line in DOCUMENT.splitlines():
        found = re.match(r"\| `([^`]+)`(.*)\|$", line)
        if found:
            yield found[1], re.findall(r"`([^`]+)`", found[2].partition("|")[2])


def runs() -> list[Run]:
    """Return runs that together log every line."""
    dead = Run(directive({"type": "emit", "event": "seen"}, when="report.score < 0.8"))
    nodes: list[dict[str, Any]] = [{"id": "N0", "capability": "writer"}]
    nodes += [{"id": f"N{place}", "capability": "editor", "dependsOn": [f"N{place - 1}"]} for place in range(1, 4)]
    dead.planned(nodes)
    for node in nodes[:-1]:
        dead.ran(node["id"], cmd.Result(outputs={"copy": {}}))
    return [*(make() for make in RUNS.values()), judged("report.score < 0.8"), dead]


def test_lines() -> None:
    """Each log line is documented with exactly its fields."""
    found = {line.name: line.fields.keys() - set(BASE) for run in runs() for line in lines(run)}
    documented = {name: set(names) for name, names in rows() if name in found}
    documented["run_status"].discard("failed")
    assert {name: documented.get(name) for name in found} == found


def test_levels() -> None:
    """Each line that has one level has the documented one."""
    found = {(line.name, line.level) for run in runs() for line in lines(run)}
    for name, level in found:
        if name not in ("policy_evaluated", "run_status"):
            assert f"| `{name}` | {level} |" in DOCUMENT


def test_base_fields() -> None:
    """The fields of every line are documented."""
    assert all(f"`{field}`" in DOCUMENT for field in BASE)


def test_metrics() -> None:
    """Each instrument is documented with its attributes."""
    documented = dict(rows())
    for name in INSTRUMENTS:
        attributes = {key for run in runs() for found in measures(run, name) for key in found.attributes}
        assert attributes == {word for word in documented[name] if word.startswith("flexes.")}


def test_spans() -> None:
    """Each span is documented with its attributes."""
    documented = dict(rows())
    for name in ("flexes.run", "flexes.node"):
        told = {
            key for run in runs() for ended in spans(run) if ended.name.startswith(name) for key in ended.attributes
        }
        (listed,) = (words for first, words in documented.items() if first.partition(" ")[0] == name)
        assert told == {word for word in listed if word.startswith("flexes.")}
