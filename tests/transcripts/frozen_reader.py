"""A client of the feed from before the actions had one shape. Frozen: it is never changed to make a test pass.

It knows four fields of `policy_triggered` and insists on their types; whatever else a frame has, it does not look at.
"""

import json
from typing import NamedTuple


class Triggered(NamedTuple):
    """What the earlier client read of a `policy_triggered` frame."""

    policy_id: str
    action: str
    node_id: str | None
    capability_id: str | None


def read_triggered(line: str) -> Triggered | None:
    """Return what a line of the feed says of a triggered policy; None for every other frame."""
    frame = json.loads(line)
    if frame["type"] != "policy_triggered":
        return None
    payload = frame["payload"]
    found = Triggered(payload["policyId"], payload["action"], payload["nodeId"], payload["capabilityId"])
    assert isinstance(found.policy_id, str)
    assert isinstance(found.action, str)
    assert found.node_id is None or isinstance(found.node_id, str)
    assert found.capability_id is None or isinstance(found.capability_id, str)
    return found
