"""Log lines, measurements and spans as functions of a step (stories 8.9 AC4, 8.22 AC3, 8.23 QR11)."""

import json
from typing import Any

import pytest
from tests.unit.view.runs import REPORT, RUNS, START, Run, directive, on_node

from flexes.ids import Instant, plus_ms
from flexes.run import commands as cmd
from flexes.run.events import SignalEvaluated
from flexes.shell.telemetry_line import BASE, Line
from flexes.shell.telemetry_lines import lines_of
from flexes.shell.telemetry_metrics import INSTRUMENTS, Measure, measures_of
from flexes.shell.telemetry_spans import Ended, nanoseconds, spans_of
from flexes.view.step import Step

SECRETS = ("k-1", "t-1", "p-1", "s-1")


def steps(run: Run) -> list[Step[Any]]:
    """Return the steps of a run."""
    return [Step(*step) for step in run.steps()]


def lines(run: Run, name: str = "") -> list[Line]:
    """Return the lines of a run, all or those of one name."""
    return [line for step in steps(run) for line in lines_of(step) if name in ("", line.name)]


def measures(run: Run, name: str) -> list[Measure]:
    """Return a run's measurements of one metric."""
    return [found for step in steps(run) for found in measures_of(step) if found.name == name]


def spans(run: Run) -> list[Ended]:
    """Return the spans of a run, in the order in which they end."""
    return [ended for step in steps(run) for ended in spans_of(step)]


def judged(when: Any, report: Any = None) -> Run:
    """A run with a directive that tests the report of B, before B fails."""
    run = Run(directive({"type": "emit", "event": "seen"}, trigger=on_node("B"), when=when)).planned()
    run.ran("A", cmd.Result(outputs={"copy": {"text": "hello"}}))
    return run.ran("B", cmd.Result(outputs={"report": {"score": 0.5} if report is None else report}))


@pytest.mark.parametrize("name", RUNS)
def test_every_line_says_where_it_belongs(name: str) -> None:
    """Every line is plain JSON with the base fields, and none holds a secret."""
    run = RUNS[name]()
    for line in lines(run):
        assert set(BASE) <= line.fields.keys()
        assert line.fields["run_id"] == run.now.run_id
        told = json.dumps(line.fields)
        assert not any(secret in told for secret in SECRETS)


@pytest.mark.parametrize("name", RUNS)
def test_every_outcome_is_logged_and_counted_once(name: str) -> None:
    """Each directive outcome has one line and adds one to its counter (story 8.22 QR9)."""
    run = RUNS[name]()
    stored = [found[:2] for event in run.events if isinstance(event, SignalEvaluated) for found in event.outcomes]
    logged = [(line.fields["directive"], line.fields["outcome"]) for line in lines(run, "policy_evaluated")]
    counted = [tuple(found.attributes.values()) for found in measures(run, "flexes.policy.outcomes")]
    assert stored == logged == counted


@pytest.mark.parametrize(
    ("when", "level", "outcome", "reason"),
    [
        ("report.score < 0.8", "info", "matched", None),
        ("report.score > 0.8", "debug", "skipped", "false"),
        ("report.grade > 0.8", "debug", "skipped", "missing"),
        ("report > 0.8", "warning", "invalid", "report: expected number, got object"),
    ],
)
def test_levels_of_outcomes(when: str, level: str, outcome: str, reason: str | None) -> None:
    """What acts is info, what is skipped debug, what is invalid a warning; each with expression and reason."""
    (line,) = lines(judged(when), "policy_evaluated")
    assert (line.level, line.fields["outcome"], line.fields["reason"]) == (level, outcome, reason)
    assert (line.fields["expression"], line.fields["facets"]) == (when, ["report"])
    assert (line.fields["directive"], line.fields["action_type"], line.fields["trigger_kind"]) == (
        "policy",
        "emit",
        "onNodeComplete",
    )
    assert (line.fields["node_id"], line.fields["plan_version"], line.fields["signal_kind"]) == (
        "B",
        1,
        "node_completed",
    )


def test_a_dead_guard_is_a_warning_once() -> None:
    """The evaluation that makes a directive a dead guard logs it; later ones do not (semantics 6)."""
    nodes: list[dict[str, Any]] = [{"id": "N0", "capability": "writer"}]
    nodes += [{"id": f"N{place}", "capability": "editor", "dependsOn": [f"N{place - 1}"]} for place in range(1, 5)]
    run = Run(directive({"type": "emit", "event": "seen"}, when="report.score < 0.8")).planned(nodes)
    for node in nodes:
        run.ran(node["id"], cmd.Result(outputs={"copy": {}}))
    (line,) = lines(run, "dead_guard")
    assert (line.level, line.fields["directive"], line.fields["outcomes"]) == (
        "warning",
        "policy",
        {"skipped:missing": 3},
    )


def test_an_action_says_type_details_and_source() -> None:
    """A policy action is logged with its canonical type, its details, its source and its outcome (story 8.23 AC3)."""
    (line, _) = lines(RUNS["approved"](), "policy_triggered")
    assert line.fields["action_type"] == line.fields["action_details"]["type"] == "hitl"
    assert line.fields["action_details"]["rationale"] == "legal"
    assert (line.fields["source"], line.fields["outcome"]) == ("runtime", "acted")
    counted = [tuple(found.attributes.values()) for found in measures(RUNS["approved"](), "flexes.policy.triggers")]
    assert counted == [("hitl", "runtime"), ("emit", "hitl.approve")]


def test_an_emission_is_redacted() -> None:
    """An emit logs its event and payload, without what stands under a secret key (story 8.23 FR5)."""
    (line,) = lines(RUNS["approved"](), "policy_emitted")
    assert (line.fields["emitted"], line.fields["payload"]) == ("seen", {"password": "[redacted]", "n": None})


def test_a_test_of_a_secret_is_redacted() -> None:
    """The literal that a secret is compared with is a secret: no line shows such an expression."""
    run = judged('report.token = "s-1"', {"token": "s-1"})
    shown = [lines(run, name)[0].fields["expression"] for name in ("policy_evaluated", "policy_triggered")]
    assert shown == ["[redacted]", "[redacted]"]


def test_the_plan_is_followed() -> None:
    """Requests, refusals and versions are logged with request, attempt and directives, and counted."""
    run = RUNS["rewritten"]()
    told = [(line.level, line.name, line.fields["plan_version"]) for line in lines(run) if "plan_" in line.name]
    assert told == [
        ("info", "plan_requested", 0),
        ("info", "plan_generated", 1),
        ("info", "plan_requested", 1),
        ("warning", "plan_rejected", 1),
        ("info", "plan_requested", 1),
        ("info", "plan_updated", 2),
    ]
    assert lines(run, "plan_updated")[0].fields["directives"] == ["policy"]
    assert lines(run, "plan_rejected")[0].fields["codes"] == ["unknown_capability"]
    names = ("flexes.plan.requests", "flexes.plan.rejections", "flexes.plan.updates")
    assert [len(measures(run, name)) for name in names] == [3, 1, 1]


def test_statuses_are_followed() -> None:
    """Each change of status has one line, with the one before, and one count of the new one."""
    run = RUNS["approved"]()
    told = [(line.fields["previous_status"], line.fields["status"]) for line in lines(run, "run_status")]
    statuses = ["planning", "running", "awaiting_hitl", "paused", "running", "cancelled"]
    assert told == list(zip([None, *statuses], statuses, strict=False))
    counted = [found.attributes["flexes.run.status"] for found in measures(run, "flexes.runs")]
    assert counted == statuses


def test_a_failed_run_says_why() -> None:
    """A run that fails is a warning with code and reason; the guard rail that led there has its own line."""
    run = RUNS["held_back"]()
    (rail,) = lines(run, "guard_rail_tripped")
    assert (rail.level, rail.fields["rail"], rail.fields["limit"]) == ("warning", "maxReplans", 0)
    ending = lines(run, "run_status")[-1]
    assert (ending.level, ending.fields["status"], ending.fields["directive"]) == ("warning", "failed", "policy")
    assert ending.fields["code"]
    assert ending.fields["reason"]


def test_human_requests_are_followed() -> None:
    """A request and its decision are logged; requests are counted by whether a directive or a node asks."""
    run = RUNS["signed"]()
    assert [line.fields["decision"] for line in lines(run, "hitl_resolved")] == ["approve"]
    origins = [measures(RUNS[name](), "flexes.hitl.requests")[0].attributes for name in ("signed", "approved")]
    assert origins == [{"flexes.hitl.origin": "node"}, {"flexes.hitl.origin": "directive"}]


def test_durations() -> None:
    """A node's duration is the latency that was recorded; without one, the time since it started."""
    run = Run().planned().ran("A", cmd.Result(outputs={"copy": {}}, latency_ms=40.0)).do(cmd.PauseRun, 9.0)
    run.do(cmd.ResumeRun, 20.0).ran("B", REPORT)
    found = [(one.value, one.attributes["flexes.capability.id"]) for one in measures(run, "flexes.node.duration")]
    assert found == [(40.0, "writer"), (30.0, "review")]


def test_metrics_name_no_run() -> None:
    """Every measurement has its instrument; no attribute is a run, a node or a person, so that series stay few."""
    found = [one for make in RUNS.values() for step in steps(make()) for one in measures_of(step)]
    assert {one.name for one in found} == INSTRUMENTS.keys()
    assert not {"flexes.run.id", "flexes.node.id"} & {name for one in found for name in one.attributes}


def test_spans_of_a_completed_run() -> None:
    """Each attempt is a span from its start to its end, the run one from its first event to its last."""
    run = RUNS["completed"]()
    told = [(ended.name, ended.started_at, ended.ended_at) for ended in spans(run)]
    after = [plus_ms(Instant(START), number) for number in range(4)]
    assert told == [
        ("flexes.node writer", after[1], after[2]),
        ("flexes.node review", after[2], after[3]),
        ("flexes.run", after[0], after[3]),
    ]
    assert all(ended.error is None for ended in spans(run))


def test_spans_of_attempts_without_outcome() -> None:
    """An attempt that is reset while it runs ends as superseded, one that its run leaves behind as abandoned."""
    run = RUNS["went_back"]().do(cmd.CancelRun)
    told = [
        (ended.attributes.get("flexes.node.id"), ended.attributes.get("flexes.node.status"), ended.error)
        for ended in spans(run)
    ]
    assert told == [
        ("A", "completed", None),
        ("B", "failed", "node_error"),
        ("C", "superseded", None),
        ("A", "abandoned", None),
        (None, None, None),
    ]
    again = spans(run)[3].attributes
    assert (again["flexes.node.attempt"], again["flexes.directive.id"]) == (2, "policy")


@pytest.mark.parametrize("name", RUNS)
def test_spans_hold_no_secret_and_no_null(name: str) -> None:
    """Attributes are what OpenTelemetry takes: text, numbers, lists of text; never null, never a secret."""
    for ended in spans(RUNS[name]()):
        for value in ended.attributes.values():
            assert isinstance(value, str | int | float | list)
            assert not any(secret in str(value) for secret in SECRETS)
        assert ended.started_at <= ended.ended_at


def test_nanoseconds_are_exact() -> None:
    """An instant keeps its microseconds."""
    assert nanoseconds("2026-01-01T00:00:00.000001Z") == 1_767_225_600_000_001_000
