"""Whole runs as their clients see them: golden frames of `flexes simulate --json`, and an old client that still works.

`FLEXES_UPDATE_GOLDEN=1 pytest tests/transcripts` writes the golden files anew.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest
from tests.transcripts.expectations import node_runs
from tests.transcripts.frozen_reader import read_triggered
from tests.transcripts.library import HERE, SCENARIOS, golden, scenario_file, told

from flexes.cli.main import run_command
from flexes.run import events as ev
from flexes.view.frame import parse_frame_id

every_run = pytest.mark.parametrize("name", SCENARIOS)
SIX: Final = {"goto", "replan", "hitl", "fail", "pause", "emit"}
SOURCES: Final = {"runtime", "hitl.approve", "hitl.reject", "hitl.timeout", "manual"}
FRAMES_OF: Final = {
    "RunStarted": ["start"],
    "PlanRequested": ["plan_requested"],
    "PlanRejected": ["plan_rejected"],
    "PlanGenerated": ["plan_generated"],
    "PlanUpdated": ["plan_updated"],
    "RewriteStarted": ["rewrite_started"],
    "NodeStarted": ["node_start"],
    "NodeCompleted": ["node_complete"],
    "PolicyTriggered": ["policy_triggered"],
    "HitlRequested": ["hitl_request"],
    "HitlResolved": ["hitl_resolved"],
    "Paused": ["paused"],
    "Resumed": ["resumed"],
    "PolicyEmitted": ["log"],
    "NodesReset": ["log"],
    "NodeSuperseded": ["log"],
    "GuardRailTripped": ["log"],
    "Completed": ["complete"],
    "Failed": ["complete"],
    "Cancelled": ["complete"],
}
"""Semantics 11, as it is written there."""
MAIN: Final = "from flexes.cli.main import main; main()"
HASHED: Final = ("quality-rewrite", "hitl-several-open", "flag-dispatcher-off", "joined-replans", "outside-signals")


class Printed:
    """What `flexes simulate --json` printed, and its exit status; made once a session."""

    def __init__(self, name: str, status: int, text: str) -> None:
        self.name, self.status, self.text = name, status, text

    @property
    def lines(self) -> list[str]:
        """The lines, frames first, the summary last."""
        return self.text.splitlines()

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The frames."""
        return [json.loads(line) for line in self.lines[:-1]]

    @property
    def summary(self) -> dict[str, Any]:
        """The summary."""
        found: dict[str, Any] = json.loads(self.lines[-1])
        return found


_KEPT: Final[dict[str, Printed]] = {}


@pytest.fixture(name="printed")
def _printed(name: str, capsys: pytest.CaptureFixture[str]) -> Printed:
    if name not in _KEPT:
        _KEPT[name] = _print(name, capsys)
    return _KEPT[name]


def _print(name: str, capsys: pytest.CaptureFixture[str]) -> Printed:
    capsys.readouterr()
    status = run_command(["simulate", str(scenario_file(name)), "--json"])
    return Printed(name, status, capsys.readouterr().out)


@every_run
def test_its_frames_are_golden(name: str, printed: Printed, capsys: pytest.CaptureFixture[str]) -> None:
    """Interfaces 3: one frame a line and last one summary; byte-identical each time."""
    golden(HERE / "golden" / f"{name}.jsonl", printed.text)
    assert _print(name, capsys).text == printed.text


@pytest.mark.parametrize("name", HASHED)
def test_no_hash_seed_shows(name: str, printed: Printed) -> None:
    """Interfaces 3: the output depends on the file alone, in any process."""
    for seed in ("0", "4242"):
        command = [sys.executable, "-c", MAIN, "simulate", str(scenario_file(name)), "--json"]
        done = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
        )
        assert done.stdout == printed.text, done.stderr


@every_run
def test_every_event_has_its_frames(name: str, printed: Printed) -> None:
    """Semantics 11: frames are a function of the events; none is missing, none comes on top, ids grow."""
    wanted = [frame for event in told(name).events for frame in _frames_of(event)]
    found = [frame["type"] for frame in printed.frames if not _is_dead_guard(frame)]
    assert found == wanted
    ids = [parse_frame_id(frame["id"]) for frame in printed.frames]
    assert ids == sorted(set(ids))
    assert {frame["runId"] for frame in printed.frames} == {told(name).run.state.run_id}


@every_run
def test_a_run_that_ends_has_one_complete_frame(name: str, printed: Printed) -> None:
    """Semantics 2: every run that ends has exactly one terminal `complete` frame, the last."""
    places = [place for place, frame in enumerate(printed.frames) if frame["type"] == "complete"]
    ended = printed.summary["status"] in {"completed", "failed", "cancelled"}
    assert places == ([len(printed.frames) - 1] if ended else [])
    assert printed.status == (1 if printed.summary["status"] in {"failed", "cancelled"} else 0)
    if ended:
        last = printed.frames[-1]["payload"]
        assert (last["status"], last.get("output")) == (printed.summary["status"], printed.summary["output"])


@every_run
def test_the_summary_adds_up(name: str, printed: Printed) -> None:
    """Interfaces 3: the summary has the documented keys and says what the run came to."""
    run = told(name).run
    found = printed.summary
    assert list(found) == [
        "type", "status", "planVersion", "nodeRuns", "policyTriggers", "outcomes", "replans", "costTotal", "output",
        "error", "refused",
    ]  # fmt: skip
    assert found["nodeRuns"] == node_runs(run)
    assert (found["status"], found["planVersion"]) == (run.state.status, run.state.plan_version)
    assert found["policyTriggers"] == Counter(
        event.policy_id for event in told(name).events if isinstance(event, ev.PolicyTriggered)
    )
    assert (found["error"] is None) == (found["status"] != "failed" and found["status"] != "cancelled")
    assert len(found["refused"]) == len(run.refused)


@every_run
def test_an_earlier_client_still_reads_policy_triggered(name: str, printed: Printed) -> None:
    """Story 8.23 AC3: fields are only ever added; the reader of the earlier four parses every frame."""
    read = [found for line in printed.lines[:-1] if (found := read_triggered(line))]
    events = [event for event in told(name).events if isinstance(event, ev.PolicyTriggered)]
    assert [tuple(found) for found in read] == [
        (event.policy_id, event.action, event.node_id, event.capability_id) for event in events
    ]


@every_run
def test_policy_triggered_has_one_shape(name: str, printed: Printed) -> None:
    """Semantics 11: one shape for all actions, canonical types, the trigger kind and the source."""
    for frame in printed.frames:
        if frame["type"] == "policy_triggered":
            payload = frame["payload"]
            assert {"policyId", "action", "actionDetails", "triggerKind", "nodeId", "capabilityId", "source"} <= set(
                payload
            ) <= {
                "policyId", "action", "actionDetails", "triggerKind", "nodeId", "capabilityId", "source", "cause",
                "attempt", "maxAttempts", "predicate", "requestId",
            }  # fmt: skip
            assert payload["action"] in SIX
            assert payload["actionDetails"]["type"] == payload["action"]
            assert payload["source"] in SOURCES


def _frames_of(event: ev.Event) -> Iterator[str]:
    if isinstance(event, ev.NodeFailed):
        yield from ["validation_error", "node_error"] if event.code == "output_invalid" else ["node_error"]
    elif isinstance(event, ev.SignalEvaluated):
        yield from ["policy_evaluated"] if event.outcomes else []
    else:
        yield from FRAMES_OF.get(event.kind, [])


def _is_dead_guard(frame: dict[str, Any]) -> bool:
    return bool(frame["type"] == "log" and frame["payload"].get("kind") == "dead_guard")
