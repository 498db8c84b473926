"""What the read models say: the same as the views of the state and the events, redacted, on every store."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tests.projections.logs import corpus
from tests.projections.places import Place, documents, memory_place, rows_seen

from flexes.ids import RunId
from flexes.run.evolve import fold
from flexes.run.state import State
from flexes.shell.feed import frames_of_all, frames_of_run
from flexes.store.codec import decode_all
from flexes.view.audit import AuditRow
from flexes.view.dead_guards import dead_guards
from flexes.view.plan_diff import diff
from flexes.view.plan_history import plan_history
from flexes_projections.catalogue import BY_NAME
from flexes_projections.plan_reading import plan_version
from flexes_projections.runner import Runner

SECRETS = ("t-1", "k-1", "p-1")


@pytest.fixture(scope="module")
def built() -> Iterator[Place]:
    """Return a place with every run of the corpus."""
    with memory_place() as place:
        for run in corpus():
            place.store.append(run)
        Runner(place.store, place.database).catch_up()
        yield place


@pytest.fixture(scope="module")
def states(built: Place) -> dict[RunId, State]:
    """Return the folded state of every run."""
    found = {head.run_id: fold(decode_all(built.store.read(head.run_id))) for head in built.store.heads(100_000)}
    return {run_id: state for run_id, state in found.items() if state is not None}


def rows_of(place: Place, name: str) -> list[dict[str, Any]]:
    """Return the rows of a projection's first table."""
    return documents(rows_seen(place.database, (BY_NAME[name],)), BY_NAME[name])


def test_the_run_list_has_every_run_as_it_is(built: Place, states: dict[RunId, State]) -> None:
    """One row a run, with the status, plan version and cost of its state."""
    rows = rows_of(built, "run_list")
    assert {row["run_id"] for row in rows} == states.keys()
    for row in rows:
        state = states[row["run_id"]]
        assert (row["status"], row["plan_version"], row["version"]) == (state.status, state.plan_version, state.version)
        assert row["cost_total"] == state.cost_total
        assert orjson.loads(row["triggered_by"]) == list(state.triggered_by)
        assert (row["ended_at"] is None) == (not state.is_final)


def test_frames_are_those_of_the_feed(built: Place) -> None:
    """Every frame is stored as it is sent, in the order of the log, of all runs and of one."""
    rows = rows_of(built, "frames")
    assert [orjson.loads(row["data"]) for row in rows] == [frame.wire() for frame in frames_of_all(built.store)]
    run_id = rows[0]["run_id"]
    own = [row["frame_id"] for row in rows if row["run_id"] == run_id]
    assert own == [frame.id for frame in frames_of_run(built.store, RunId(run_id))]


def test_every_plan_version_is_kept_whole(built: Place, states: dict[RunId, State]) -> None:
    """A stored version reads back as the view makes it: facet arrays, contracts, rationale, triggers, delta."""
    for run_id in states:
        history = plan_history(decode_all(built.store.read(run_id)))
        found = [plan_version(built.database, run_id, row.version) for row in history]
        assert found == list(history)


def test_any_two_plan_versions_can_be_compared(built: Place, states: dict[RunId, State]) -> None:
    """The difference of two stored versions is that of the view."""
    run_id = next(run_id for run_id, state in states.items() if state.plan_version > 1)
    first, second = plan_history(decode_all(built.store.read(run_id)))[:2]
    a, b = (plan_version(built.database, run_id, version) for version in (1, 2))
    assert a is not None
    assert b is not None
    assert diff(a, b) == diff(first, second)
    assert plan_version(built.database, run_id, 99) is None


def test_plan_nodes_are_those_of_each_version(built: Place, states: dict[RunId, State]) -> None:
    """Each node of each version is a row, in plan order."""
    rows = rows_seen(built.database)["plan_nodes"]
    for run_id, state in states.items():
        if state.plan is not None:
            found = sorted((row[3], row[2]) for row in rows if row[:2] == (run_id, state.plan_version))
            assert [name for _, name in found] == [node.id for node in state.plan.nodes]


def test_human_requests_are_open_decided_or_closed(built: Place, states: dict[RunId, State]) -> None:
    """What is open is open in the state; what the end of a run left open is closed."""
    rows = {(row["run_id"], row["request_id"]): row for row in rows_of(built, "human_requests")}
    for run_id, state in states.items():
        for request_id, request in state.requests.items():
            row = rows.pop((run_id, request_id))
            closed = "decided" if request.decision is not None else "closed"
            assert row["status"] == ("open" if request_id in state.open_requests else closed)
            assert (row["decision"], row["decided_by"]) == (request.decision, request.by)
    assert rows == {}


def test_directive_outcomes_are_counted(built: Place, states: dict[RunId, State]) -> None:
    """Every directive of every run has its counts, also one that never was evaluated; dead guards are marked."""
    rows = {(row["run_id"], row["policy_id"]): row for row in rows_of(built, "directive_outcomes")}
    for run_id, state in states.items():
        for directive in state.context.directives:
            row, count = rows.pop((run_id, directive.id)), state.policies.get(directive.id)
            outcomes = state.outcomes_of(directive.id)
            counted = {name: row[name.replace(":", "_")] for name in outcomes}
            assert (counted, row["evaluations"]) == (outcomes, sum(outcomes.values()))
            assert row["triggers"] == (count.triggers if count else 0)
            assert bool(row["dead_guard"]) == (directive.id in dead_guards(state))
    assert rows == {}


def test_no_secret_is_in_any_cell(built: Place) -> None:
    """Values under secret keys are redacted in every table; the log has them, so the test would see them."""
    stored = b"".join(row.data for row in built.store.read_all(0, 100_000))
    cells = repr(rows_seen(built.database))
    for secret in SECRETS:
        assert f'"{secret}"'.encode() in stored
        assert f'"{secret}"' not in cells
        assert f"'{secret}'" not in cells
    assert "[redacted]" in cells


def test_the_audit_log_has_the_columns_of_the_view(built: Place) -> None:
    """A row of the table is a row of the view, and each event has one."""
    rows = rows_of(built, "audit_log")
    assert tuple(rows[0]) == AuditRow._fields
    assert {row["position"] for row in rows if row["place"] == 0} == set(range(1, built.store.last_position() + 1))
