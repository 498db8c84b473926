"""Opening the human gate: for a hitl action, or for a human node that started. One mechanism (semantics 8)."""

from flexes.ids import derived_id, plus_ms
from flexes.policy.actions import Hitl
from flexes.run import events as ev
from flexes.run.commit import Commit


def open_gate(
    commit: Commit,
    request_id: str,
    policy_id: str,
    path: str,
    node: str | None,
    attempt: int | None,
    action: Hitl,
) -> None:
    """Ask a human because a directive says so."""
    commit.append(
        ev.HitlRequested,
        request_id=request_id,
        policy_id=policy_id,
        action_path=path,
        node_id=node,
        attempt=attempt,
        rationale=action.rationale,
        approve_action=action.approve_action.wire() if action.approve_action else None,
        reject_action=action.reject_action.wire() if action.reject_action else None,
        on_timeout=action.on_timeout.wire() if action.on_timeout else None,
        due_at=plus_ms(commit.at, action.timeout_ms) if action.timeout_ms else None,
    )


def open_human_node(commit: Commit, node_id: str) -> None:
    """Ask a human because a human node started; the approval's edits will be its outputs."""
    state = commit.state
    attempt = state.nodes[node_id].attempt
    capability = state.capability_of(node_id)
    commit.append(
        ev.HitlRequested,
        request_id=derived_id(state.run_id, "hitl", "", "node", node_id, attempt),
        policy_id=None,
        action_path="node",
        node_id=node_id,
        attempt=attempt,
        rationale=capability.description or f"{capability.id} is done by a human",
    )
