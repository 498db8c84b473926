"""From events to frames: the table, the shapes, the order (semantics 11)."""

import orjson
import pytest
from tests.unit.view.runs import COPY, REPORT, RUNS, TWO, Run, approved, directive, folded, loaded, on_node

from flexes.run.commands import CancelRun
from flexes.run.events import EVENT_TYPES, NodeFailed, SignalEvaluated
from flexes.view.frames import frames_of

TABLE: dict[str, tuple[str, ...]] = {
    "RunStarted": ("start",),
    "PlanRequested": ("plan_requested",),
    "PlanGenerated": ("plan_generated",),
    "PlanUpdated": ("plan_updated",),
    "PlanRejected": ("plan_rejected",),
    "NodeStarted": ("node_start",),
    "NodeCompleted": ("node_complete",),
    "NodeFailed": ("node_error",),
    "NodeSuperseded": ("log",),
    "NodesReset": ("log",),
    "RewriteStarted": ("rewrite_started",),
    "SignalReceived": (),
    "SignalEvaluated": ("policy_evaluated",),
    "SignalDeferred": (),
    "SignalTaken": (),
    "TimerFired": (),
    "ManualTriggered": (),
    "PolicyTriggered": ("policy_triggered",),
    "PolicyEmitted": ("log",),
    "GuardRailTripped": ("log",),
    "HitlRequested": ("hitl_request",),
    "HitlResolved": ("hitl_resolved",),
    "Paused": ("paused",),
    "Resumed": ("resumed",),
    "Completed": ("complete",),
    "Failed": ("complete",),
    "Cancelled": ("complete",),
}

KEYS = {
    "start": "objective inputs outputContract metadata flags warnings",
    "plan_requested": "requestId attempt baseVersion intents diagnostics",
    "plan_rejected": "requestId attempt declined diagnostics",
    "plan_generated": "version rationale nodes",
    "plan_updated": "previousVersion version triggers rationale delta nodes",
    "rewrite_started": "nodeId copyOf directives capabilityId",
    "node_complete": "attempt operationId capabilityId outputs metrics cost costEstimated latencyMs latencyEstimated"
    " validation",
    "node_error": "attempt operationId capabilityId code error retryable metrics cost costEstimated latencyMs"
    " latencyEstimated",
    "validation_error": "attempt operationId capabilityId code issues",
    "policy_evaluated": "signalId signalKind nodeId attempt outcomes",
    "hitl_resolved": "requestId decision by note edits policyId nodeId attempt",
    "paused": "reason by policyId nodeId",
    "resumed": "by status planVersion triggeredBy lastAction",
}
"""Exact payload keys of frame types whose keys are always the same, unless a reviewer supplied the outputs."""


@pytest.mark.parametrize("name", RUNS)
def test_the_table_of_events_and_frames(name: str) -> None:
    """Each event has the frames of the table, and an evaluation that no directive looked at has none."""
    for event, before, after in RUNS[name]().steps():
        types = tuple(frame.type for frame in frames_of(event, before, after))
        expected = TABLE[event.kind]
        if isinstance(event, SignalEvaluated) and not event.outcomes:
            expected = ()
        if isinstance(event, NodeFailed) and event.code == "output_invalid":
            expected = ("validation_error", "node_error")
        assert types == expected, event.kind


def test_the_table_is_complete() -> None:
    """Every event type has its line in the table, and these runs hold every event type."""
    assert TABLE.keys() == EVENT_TYPES.keys()
    assert {event.kind for make in RUNS.values() for event in make().events} == EVENT_TYPES.keys()


@pytest.mark.parametrize("name", RUNS)
def test_live_and_loaded_events_give_the_same_frames(name: str) -> None:
    """Frames are plain JSON that does not depend on whether an event was just made or read back."""
    run = RUNS[name]()
    live = [frame.wire() for step in run.steps() for frame in frames_of(*step, position=7)]
    back = [frame.wire() for step in folded(loaded(run.events)) for frame in frames_of(*step, position=7)]
    assert orjson.dumps(live) == orjson.dumps(back)
    assert orjson.loads(orjson.dumps(live)) == live


@pytest.mark.parametrize("name", RUNS)
def test_payload_keys(name: str) -> None:
    """A frame type has its payload keys, always."""
    for frame in RUNS[name]().frames():
        if frame.type in KEYS:
            assert frame.payload.keys() - {"by" if frame.type == "node_complete" else ""} == set(
                KEYS[frame.type].split()
            )


@pytest.mark.parametrize("name", RUNS)
def test_the_envelope(name: str) -> None:
    """Every frame says its run, time, correlation and one line for people; ids are unique and grow."""
    run = RUNS[name]()
    frames = run.frames()
    assert {frame.run_id for frame in frames} == {run.now.run_id}
    assert {frame.correlation_id for frame in frames} == {"corr-1"}
    assert all(frame.message and "\n" not in frame.message for frame in frames)
    ids = [frame.id for frame in frames]
    assert ids == sorted(set(ids))


def test_one_terminal_frame() -> None:
    """A run that ended has one `complete`, the last frame; an open one has none."""
    for make in RUNS.values():
        run = make()
        types = [frame.type for frame in run.frames()]
        assert types.count("complete") == run.now.is_final
        assert not run.now.is_final or types[-1] == "complete"


def test_the_version_stands_for_the_position() -> None:
    """Without a store the event's version is the position; with one it is the place in the log of all runs."""
    run = RUNS["completed"]()
    step = next(run.steps())
    assert frames_of(*step)[0].id == "0000000000000001-0"
    assert frames_of(*step, position=500)[0].id == "00000000000001f4-0"


def test_validation_error_precedes_node_error() -> None:
    """Outputs that break their contract are a validation_error and then a node_error; refused values are not shown."""
    run = RUNS["broken_output"]()
    first, second = run.frame("validation_error"), run.frame("node_error")
    assert first.id.split("-")[0] == second.id.split("-")[0]
    assert first.id < second.id
    assert [issue["facet"] for issue in first.payload["issues"]] == ["copy", "extra"]
    assert second.payload["code"] == "output_invalid"
    assert "outputs" not in second.payload


def test_a_plan_frame_carries_the_new_version() -> None:
    """Frames of PlanGenerated and PlanUpdated have the version that they made, earlier ones have none."""
    run = RUNS["rewritten"]()
    assert run.frame("plan_requested").plan_version is None
    assert run.frame("plan_generated").plan_version == 1
    updated = run.frame("plan_updated")
    assert updated.plan_version == updated.payload["version"] == 2
    assert updated.payload["triggers"] == ["policy"]
    assert updated.payload["delta"]["remove"] == []
    assert [node["id"] for node in updated.payload["nodes"]] == ["A", "B", "A~rewrite1"]
    assert updated.payload["nodes"][2]["origin"] == {"version": 2, "rationale": "once more", "directives": ["policy"]}


def test_facet_provenance_of_a_completed_node() -> None:
    """A completed node's facets name node, attempt and plan version."""
    frame = RUNS["backed_off"]().frame("node_complete", 2)
    assert frame.facet_provenance == {"copy": {"node": "A", "attempt": 2, "planVersion": 1}}


def test_facet_provenance_of_edits() -> None:
    """Edits carry the reviewer, and so does a human node's output."""
    edited = approved().frame("hitl_resolved").facet_provenance
    assert edited == {"copy": {"node": "A", "attempt": 1, "planVersion": 1, "by": "lead"}}
    signed = RUNS["signed"]()
    assert signed.frame("hitl_resolved").facet_provenance is None
    assert signed.frame("node_complete", 1).facet_provenance == {
        "signature": {"node": "S", "attempt": 1, "planVersion": 1, "by": "lead"}
    }


def test_a_human_node_says_what_it_wants() -> None:
    """A request of a human node has no directive and names the outputs that the approval's edits supply."""
    frame = RUNS["signed"]().frame("hitl_request")
    assert frame.payload["policyId"] is None
    assert frame.payload["outputs"] == ["signature"]
    assert {"requestId", "policyId", "rationale", "nodeId", "attempt", "dueAt"} <= frame.payload.keys()


def test_secrets_are_redacted_and_nulls_kept() -> None:
    """No frame shows a value under a secret key, wherever it came from; a null in a payload stays."""
    for make in RUNS.values():
        text = orjson.dumps([frame.wire() for frame in make().frames()]).decode()
        assert not any(secret in text for secret in ("k-1", "t-1", "p-1"))
    emitted = next(frame for frame in approved().frames() if frame.payload.get("kind") == "policy_emitted")
    assert emitted.wire()["payload"]["payload"] == {"password": "[redacted]", "n": None}


def test_policy_evaluated_shows_every_outcome() -> None:
    """Every directive that was looked at is shown with outcome, reason, expression and action type."""
    when = {"report.score": {"<": 0.1}}
    run = Run(directive({"type": "fail"}, trigger=on_node("B"), when=when)).planned()
    frame = run.ran("A", COPY).ran("B", REPORT).frame("policy_evaluated")
    assert frame.payload["outcomes"] == [
        {
            "policyId": "policy",
            "outcome": "skipped",
            "reason": "false",
            "expression": "report.score < 0.1",
            "actionType": "fail",
        }
    ]


def test_policy_triggered_has_one_shape() -> None:
    """Keys that are never left out are there for every action, the optional ones only where they apply."""
    always = {"policyId", "action", "actionDetails", "triggerKind", "nodeId", "capabilityId", "source"}
    optional = {"cause", "attempt", "maxAttempts", "predicate", "requestId"}
    seen = set()
    for make in RUNS.values():
        for frame in make().frames():
            if frame.type == "policy_triggered":
                assert always <= frame.payload.keys() <= always | optional
                assert frame.payload["actionDetails"]["type"] == frame.payload["action"]
                seen.add(frame.payload["action"])
    assert seen == {"goto", "replan", "hitl", "fail", "pause", "emit"}


def test_complete_has_one_shape() -> None:
    """The terminal frame has the status and plan version; an output if completed, else the error and who caused it."""
    done = RUNS["completed"]().frame("complete").payload
    assert done.keys() == {"status", "planVersion", "output"}
    failed = RUNS["held_back"]().frame("complete").payload
    assert (failed["status"], failed["policyId"], failed["action"]) == ("failed", "policy", "fail")
    assert "maxReplans 0 reached" in failed["error"]["message"]
    stopped = Run().do(CancelRun, reason="enough").frame("complete").payload
    assert stopped["error"] == {"code": "cancelled", "message": "enough"}
    assert stopped["planVersion"] == 0


def test_resumed_shows_what_the_run_stands_on() -> None:
    """A resumed run shows plan version, triggers and last action (story 8.23 AC3)."""
    payload = approved().frame("resumed").payload
    assert payload["planVersion"] == 1
    assert payload["lastAction"]["action"] == "hitl"
    assert payload["status"] == "running"


def test_a_rerun_says_why() -> None:
    """The start of a re-run names the directive that caused it; a first run names nothing."""
    run = RUNS["backed_off"]()
    assert "cause" not in run.frame("node_start").payload
    assert run.frame("node_start", 2).payload["cause"]["policyId"] == "policy"


def test_long_texts_are_cut() -> None:
    """A message is one line of bounded length, whatever a planner or a person wrote."""
    run = Run().planned(TWO).do(CancelRun, reason="a\r\nb " * 1000)
    message = run.frame("complete").message
    assert message is not None
    assert len(message) <= 300
    assert message.startswith("Run cancelled by system: a b a b")
