"""A client of the first release, frozen: it must go on understanding what is sent (semantics 11)."""

from typing import Any, NamedTuple

import pytest
from tests.unit.view.runs import RUNS


class Seen(NamedTuple):
    """All that the earliest clients know of `policy_triggered`."""

    policy_id: str
    action: str
    node_id: str | None
    capability_id: str | None


def frozen_reader(frame: dict[str, Any]) -> Seen | None:
    """Read a frame as the first release did. Never change this function."""
    if frame["type"] != "policy_triggered":
        return None
    payload = frame["payload"]
    return Seen(payload["policyId"], payload["action"], payload["nodeId"], payload["capabilityId"])


@pytest.mark.parametrize("name", RUNS)
def test_the_frozen_client_reads_every_frame(name: str) -> None:
    """A client that knows only policyId, action, nodeId and capabilityId reads every run."""
    for frame in RUNS[name]().frames():
        seen = frozen_reader(frame.wire())
        if seen is not None:
            assert isinstance(seen.policy_id, str)
            assert seen.action in {"goto", "replan", "hitl", "fail", "pause", "emit"}
            assert (seen.node_id is None) == (seen.capability_id is None)
