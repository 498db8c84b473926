"""How a run ends: what its output must have, and what is left when nothing can run (semantics 4)."""

from typing import Any

import pytest
from tests.unit.run.run_cases import Run

from flexes.run import commands as cmd
from flexes.run import events as ev
from flexes.run.records import Ending
from flexes.run.settle import contract_fault

FACETS = {"mode": "facets", "facets": ["copy", "review"]}
SCHEMA = {"mode": "json_schema", "schema": {"properties": {"copy": {"properties": {"n": {"items": {"minimum": 2}}}}}}}
REVIEW = {"score": 1}


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ({"copy": 1, "review": REVIEW}, None),
        ({"copy": 1}, {"facet": "review", "path": "", "message": "was never written"}),
        ({}, {"facet": "copy", "path": "", "message": "was never written"}),
    ],
)
def test_a_facet_that_was_never_written(output: dict[str, Any], fault: dict[str, Any] | None) -> None:
    """The first facet of the contract that the output lacks is the fault."""
    assert contract_fault(Run(contract=FACETS).state, output) == fault


@pytest.mark.parametrize(("number", "code"), [(2, None), (1, "output_contract_unmet")])
def test_an_output_that_breaks_its_schema(number: int, code: str | None) -> None:
    """An output that breaks its JSON Schema fails the run, with the facet and the path inside it."""
    run = Run(contract=SCHEMA)
    run.end("a", outputs={"copy": {"n": [number]}})
    [*_, last] = run.end("b", outputs={"review": REVIEW})
    if code is None:
        assert isinstance(last, ev.Completed)
        assert last.output == {"copy": {"n": [number]}}
        return
    assert isinstance(last, ev.Failed)
    assert (last.code, last.details["facet"], last.details["path"]) == (code, "copy", "/n/0")
    assert last.message.startswith("the output contract is not met: copy/n/0: ")


@pytest.mark.parametrize(("reason", "message"), [("too late", "too late"), (None, "cancelled")])
def test_a_cancelled_run_says_why(reason: str | None, message: str) -> None:
    """A run that was called off keeps the reason; whatever was open or waited for is gone, what ran is abandoned."""
    ask = {"id": "ask", "trigger": {"selector": {"node": "a"}}, "action": {"type": "hitl", "timeoutMs": 10.0}}
    run = Run(({"id": "a", "capability": "write"}, {"id": "n", "capability": "note"}), runtime=[ask])
    run.end("a", outputs={"copy": 1})
    run.give(cmd.CancelRun, reason=reason)
    assert run.state.ending == Ending("cancelled", code="cancelled", message=message)
    assert (run.state.open_requests, run.state.timers, run.state.inbox, run.state.handshake) == ((), (), (), None)
    assert run.state.nodes["n"].status == "abandoned"
    assert (dict(run.state.running), dict(run.state.ready)) == ({}, {})


def test_a_failed_run_says_whose_policy_it_was() -> None:
    """The ending of a run that a directive failed carries directive, action, node, code and message."""
    stop = {"id": "stop", "trigger": {"selector": {"node": "a"}}, "action": {"type": "fail", "message": "no"}}
    run = Run(runtime=[stop])
    run.end("a", outputs={"copy": 1})
    assert run.state.ending == Ending(
        "failed", code="policy_failed", message="no", policy_id="stop", action="fail", node_id="a"
    )
