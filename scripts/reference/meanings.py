"""What no code can say: the meanings of options, outcomes and rails, and the golden runs that are quoted."""

from collections.abc import Mapping
from typing import Final

from flexes.policy import actions as act

FULL: Final[Mapping[str, act.Action]] = {
    "goto": act.Goto(next="draft", max_attempts=1, backoff=act.Backoff(), on_exhausted=act.Fail()),
    "replan": act.Replan(rationale="the draft is too weak", intent="rewrite", target="draft"),
    "hitl": act.Hitl(
        rationale="legal review",
        approve_action=act.Emit(event="approved"),
        reject_action=act.Goto(next="draft"),
        timeout_ms=86_400_000,
        on_timeout=act.Pause(reason="nobody decided"),
    ),
    "fail": act.Fail(message="the brand was breached"),
    "pause": act.Pause(reason="maintenance"),
    "emit": act.Emit(event="weak-draft", payload={"seen": 1}),
}
"""Each action with every option given."""

MEANINGS: Final[Mapping[str, str]] = {
    "goto.next": "node id, or a selector (`capability`, `node`, `stage`, `kind`, `tags`): the nearest upstream of the "
    "trigger, then plan order; absent: the triggering node",
    "goto.maxAttempts": "extra runs that the directive may cause in one run",
    "goto.backoff": "wait before the re-run; absent: none",
    "goto.onExhausted": "action (any but goto) when `maxAttempts` are used; absent: go on",
    "replan.rationale": "told to the planner, and kept with the plan version",
    "replan.intent": "absent: a failed node asks for a fallback, a timeout for a swap, all else for a rewrite",
    "replan.target": "node to rewrite: the signal's or a completed ancestor; absent: the signal's node if its kind is "
    "execution, else its nearest completed execution ancestor",
    "hitl.rationale": "what the human is told",
    "hitl.approveAction": "action after an approval; absent: go on",
    "hitl.rejectAction": "action after a rejection; absent: fail with the reviewer's note",
    "hitl.timeoutMs": "time to decide; absent: no limit",
    "hitl.onTimeout": "action when nobody decided in time; absent: reject by `system`",
    "fail.message": "what the ended run says; absent: names the directive",
    "pause.reason": "told in the frame `paused`",
    "emit.event": "name of the observation",
    "emit.payload": "any JSON",
    "backoff.initialMs": "wait before the first extra run",
    "backoff.multiplier": "growth from one extra run to the next",
    "backoff.maxMs": "longest wait, jitter included",
}

FRAMES: Final[Mapping[str, tuple[str, int]]] = {
    "goto": ("goto-retry", 2),
    "replan": ("quality-rewrite", 2),
    "hitl": ("hitl-approve", 2),
    "fail": ("goto-exhausted-fails", 2),
    "pause": ("hitl-timer-under-pause", 2),
    "emit": ("retries-not-retryable", 2),
}
"""The golden run that shows each action, and how many of its frames from `policy_triggered` on."""

OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "disabled": ("a flag of the deployment switches it off", "flag-dispatcher-off"),
    "opted_out": ("`overrides` or `policyOverrides` exempt the node, or the one that it would rewrite", "opt-outs"),
    "skipped": ("`false`: the test does not hold; `missing`: it reads what is not there", "dead-guard"),
    "invalid": ("the test reads a value of the wrong type; correct the `when` or the facet's schema", "dead-guard"),
    "cooling_down": ("it fired less than `cooldownMs` ago", "cooldown"),
    "target_missing": ("nothing to go to or to rewrite: never started, removed, or no ancestor", "goto-target-missing"),
    "exhausted": ("`maxAttempts` or a guard rail is used up; a follow-up may have acted", "goto-exhausted-fails"),
    "superseded": ("a graver action of the same signal acted", "several-directives"),
    "matched": ("it acted", ""),
}  # fmt: skip
"""What each outcome means, and the golden run whose reason is quoted."""

RAILS: Final[Mapping[str, str]] = {
    "maxReplans": "requests to the planner in one run",
    "maxReplansPerPolicy": "of them, for one directive",
    "maxRewritesPerNode": "rewrites of one original node",
    "maxHitlRequests": "requests that directives open; one more fails the run (`hitl_limit`)",
    "maxPlannerAttempts": "answers of the planner to one request, refused ones included",
    "onLimit": "what follows when a rail holds or the planner cannot help, unless the directive has `onUnresolved`",
}

FLAGS: Final[Mapping[str, str]] = {
    "policyEngine": "policy_engine",
    "actionDispatcher": "action_dispatcher",
    "replanning": "replanning",
    "predicates": "predicates",
}
