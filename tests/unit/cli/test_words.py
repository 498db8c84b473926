"""What the command line says to people is in their words, and names what it speaks of."""

from pathlib import Path

import pytest

from flexes import CapabilityRegistry, InvalidDocument
from flexes.cli.main import run_command

SCENARIO = """
envelope: {objective: words, outputContract: {mode: facets, facets: [copy]}}
capabilities: [{id: pick, kind: human, outputs: [copy]}]
humans: [{decision: approve, by: lead@example.com}]
steps: [{resume: true}, {trigger: nobody}, {cancel: enough}]
"""


def test_a_refused_step_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads that a step of a scenario was refused sees which one, also if it is a human's decision."""
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    assert run_command(["simulate", str(tmp_path / "scenario.yaml")]) == 1
    refused = [line.split(":")[1].strip() for line in capsys.readouterr().out.splitlines() if "refused:" in line]
    assert refused == ["approve by lead@example.com", "resume", "trigger nobody"]


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("policies: 5", "should be an object"),
        ("policies: {runtime: 5}", "should be a list"),
        ("objective: [1]", "should be text"),
        ("policies: {runtime: [{id: a, enabled: 5, action: {type: fail}}]}", "should be true or false"),
        ("outputContract: {mode: facets, facets: []}", "List should have at least 1 item, not 0"),
    ],
)
def test_faults_are_told_in_the_words_of_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str, word: str
) -> None:
    """A person who writes YAML knows lists, objects and texts; tuples and dictionaries are Python's."""
    keys = {"objective": "objective: o", "outputContract": "outputContract: {mode: freeform}", "policies": ""}
    document = "\n".join([fault, *(line for key, line in keys.items() if not fault.startswith(key))])
    (tmp_path / "task.yaml").write_text(document)
    assert run_command(["policy", "check", str(tmp_path / "task.yaml")]) == 1
    told = capsys.readouterr().out
    assert word in told
    assert "a valid" not in told


@pytest.mark.parametrize(("count", "words"), [(1, "at most once in a run"), (2, "at most 2 times in a run")])
def test_a_count_of_one_reads_well(tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int, words: str) -> None:
    """Findings read as sentences, whatever the number is."""
    directive = f"{{id: again, when: a < 1, action: {{type: goto, maxAttempts: {count}}}}}"
    (tmp_path / "policies.yaml").write_text(f"runtime: [{directive}]")
    run_command(["policy", "check", str(tmp_path / "policies.yaml")])
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_facet_that_stands_twice_is_refused(side: str) -> None:
    """A capability that names a facet twice is a slip of the pen; the registry says where."""
    registry = CapabilityRegistry()
    sides = {"inputs": ["brief"], "outputs": ["copy"], side: ["a", "a"]}
    with pytest.raises(InvalidDocument, match=f"/capabilities/writer/{side}/1: the facet 'a' stands twice") as refused:
        registry.capability("writer", inputs=sides["inputs"], outputs=sides["outputs"])(dict)
    assert [problem.code for problem in refused.value.problems] == ["duplicate_facet"]
    assert registry.catalog.capabilities == ()
