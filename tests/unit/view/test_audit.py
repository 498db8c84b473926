"""The audit log: rows and filters (semantics 12)."""

import orjson
import pytest
from tests.unit.view.runs import RUNS, Run, folded, loaded

from flexes.run.events import Event, SignalEvaluated
from flexes.view.audit import COLUMNS, AuditRow, audit_rows
from flexes.view.audit_filter import AuditFilter


def rows(run: Run) -> list[AuditRow]:
    """Return the audit log of a run."""
    return logged(run.events)


def logged(events: list[Event]) -> list[AuditRow]:
    """Return the audit log of a run's events."""
    return [
        row
        for event, before, after in folded(events)
        for row in audit_rows(event, before, after, event.version, "ab12")
    ]


def of_type(run: Run, kind: str) -> AuditRow:
    """Return the first row of an event type."""
    return next(row for row in rows(run) if row.type == kind)


@pytest.mark.parametrize("name", RUNS)
def test_one_row_an_event_and_one_an_outcome(name: str) -> None:
    """Every event has its row, and every directive outcome its own."""
    run = RUNS[name]()
    found = rows(run)
    outcomes = sum(len(event.outcomes) for event in run.events if isinstance(event, SignalEvaluated))
    assert len(found) == len(run.events) + outcomes
    assert len({(row.position, row.place) for row in found}) == len(found)
    assert all((row.outcome is None) == (row.place == 0) for row in found)
    assert all(row.summary and row.digest == "ab12" for row in found)


@pytest.mark.parametrize("name", RUNS)
def test_rows_from_the_store_are_the_same(name: str) -> None:
    """Loaded events give the same rows as live ones, every column of them plain JSON, and no secret."""
    run = RUNS[name]()
    live = [row.wire() for row in rows(run)]
    back = [row.wire() for row in logged(loaded(run.events))]
    assert orjson.dumps(live) == orjson.dumps(back)
    assert all(tuple(document) == COLUMNS for document in live)
    assert not any(secret in orjson.dumps(live) for secret in (b"k-1", b"t-1", b"p-1"))


def test_the_columns() -> None:
    """The columns are a contract of tables, JSON lines and CSV."""
    assert " ".join(COLUMNS) == (
        "position place runId version at actor planVersion type nodeId capabilityId facets policyId actionType "
        "expression outcome reason commandId digest summary"
    )


def test_an_outcome_row() -> None:
    """An outcome names directive, action type, reason, and the facets that its test reads."""
    row = next(row for row in rows(RUNS["backed_off"]()) if row.outcome == "exhausted")
    assert (row.policy_id, row.action_type, row.node_id, row.capability_id) == ("policy", "goto", "B", "review")
    assert row.reason == "maxAttempts 1 used"


@pytest.mark.parametrize(
    ("name", "kind", "facets"),
    [
        ("completed", "RunStarted", ("brief",)),
        ("completed", "PlanGenerated", ("brief", "copy", "report")),
        ("completed", "NodeStarted", ("brief",)),
        ("completed", "NodeCompleted", ("copy",)),
        ("completed", "Completed", ("copy",)),
        ("backed_off", "NodesReset", ("copy", "report")),
        ("broken_output", "NodeFailed", ("copy", "extra")),
        ("approved", "HitlResolved", ("copy",)),
        ("completed", "PlanRequested", ()),
    ],
)
def test_facets_read_and_written(name: str, kind: str, facets: tuple[str, ...]) -> None:
    """A row names the facets that its event read, wrote or undid, sorted."""
    assert of_type(RUNS[name](), kind).facets == facets


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("backed_off", "NodesReset", ("A", "policy", "goto")),
        ("rewritten", "PlanRequested", (None, None, None)),
        ("rewritten", "PlanUpdated", (None, "policy", "replan")),
        ("rewritten", "RewriteStarted", ("A~rewrite1", "policy", "replan")),
        ("approved", "HitlRequested", ("A", "policy", "hitl")),
        ("approved", "HitlResolved", ("A", "policy", "hitl")),
        ("approved", "PolicyEmitted", ("A", "policy", "emit")),
        ("approved", "SignalReceived", ("A", None, None)),
        ("approved", "Paused", (None, None, None)),
        ("held_back", "ManualTriggered", (None, "stop", None)),
        ("held_back", "Paused", (None, "stop", "pause")),
        ("held_back", "Failed", ("B", "policy", "fail")),
        ("signed", "HitlRequested", ("S", None, None)),
    ],
)
def test_what_an_event_is_about(name: str, kind: str, expected: tuple[str | None, ...]) -> None:
    """A row names node, directive and action type wherever its event is about one."""
    row = of_type(RUNS[name](), kind)
    assert (row.node_id, row.policy_id, row.action_type) == expected


def test_actor_and_plan_version() -> None:
    """A row says who acted, and the plan version after the event."""
    updated = of_type(RUNS["rewritten"](), "PlanUpdated")
    assert (updated.actor, updated.plan_version) == ("planner", 2)
    resolved = of_type(RUNS["approved"](), "HitlResolved")
    assert (resolved.actor, resolved.reason) == ("lead", "fine")


def test_filters_combine_with_and() -> None:
    """Each filter narrows; together they all hold."""
    found = rows(RUNS["backed_off"]())

    def count(**given: object) -> int:
        wanted = AuditFilter.model_validate(given)
        return sum(wanted.matches(row) for row in found)

    assert count() == len(found)
    assert count(run=found[0].run_id) == len(found)
    assert count(run="another") == 0
    assert count(outcome="exhausted") == 1
    assert count(outcome="exhausted", policy="policy", action="goto", node="B", planVersion=1) == 1
    assert count(outcome="exhausted", node="A") == 0
    assert count(policy="policy") > count(policy="policy", outcome="matched") == 1
    assert count(plan_version=0) == 2


def test_time_filters_include_both_ends() -> None:
    """`since` and `until` hold for the instants themselves."""
    found = rows(RUNS["completed"]())
    middle = found[len(found) // 2].at
    since = {row for row in found if AuditFilter(since=middle).matches(row)}
    until = {row for row in found if AuditFilter(until=middle).matches(row)}
    assert since | until == set(found)
    assert {row.at for row in since & until} == {middle}
    assert all(AuditFilter(since=middle, until=middle).matches(row) for row in since & until)


def test_conditions_are_data() -> None:
    """A filter gives its comparisons as data, so that a database can do the same work."""
    conditions = AuditFilter(policy="p", since="2026-01-01T00:00:00.000000Z").conditions()
    assert [tuple(found) for found in conditions] == [
        ("policy_id", "=", "p"),
        ("at", ">=", "2026-01-01T00:00:00.000000Z"),
    ]
