#!/usr/bin/env python3
"""Write the generated parts of docs/actions.md and docs/lifecycle.md; with --check only say which are stale.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. What it says comes from the code, from
the golden runs of tests/transcripts, or from runs that are made here to see what happens; typed by hand are only the
meanings of options, outcomes and rails, and the tests see that none is missing.
"""

# ruff: noqa: E402 - the runs of the tests are found from the root

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.unit.view.runs import COPY, REPORT, RUN, START, Run, on_node

from flexes.errors import CommandRejected, InvalidDocument
from flexes.plan.handshake import Decline
from flexes.policy import actions as act
from flexes.policy.authored import GuardRails, RuntimePolicy, TaskPolicies
from flexes.policy.legacy import LEGACY_ACTIONS, LEGACY_FIELDS, PolicyModel
from flexes.policy.normalize import CLASSES, SEVERITY
from flexes.policy.problems import validated
from flexes.policy.signal import SignalEnvelope
from flexes.run import commands as cmd
from flexes.run import events as ev
from flexes.run.action_table import SITUATIONS, SOURCES, Cell, cells, effect
from flexes.run.decide import decide
from flexes.run.guards import Outcome
from flexes.run.lifecycle import EVENT_NAMES, FINAL, Status, transitions
from flexes.run.state import State
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate

GOLDEN: Final = ROOT / "tests" / "transcripts" / "golden"
DOCUMENTS: Final = (ROOT / "docs" / "actions.md", ROOT / "docs" / "lifecycle.md")
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
NONE: Final = "·"

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


# --- actions ---------------------------------------------------------------------------------------------------------


def shape(kind: str) -> str:
    """Return an action's JSON with every option, and a table of the options."""
    model = type(FULL[kind])
    document = FULL[kind].model_dump(mode="json", by_alias=True, exclude_none=True)
    lines = [*_json(document), "", *_options(kind, model)]
    return "\n".join(lines + (["", *_options("backoff", act.Backoff)] if kind == "goto" else []))


def _options(name: str, model: type[PolicyModel]) -> Iterator[str]:
    schema = model.model_json_schema(by_alias=True)
    schema = schema.get("$defs", {}).get(model.__name__, schema)
    required = schema.get("required", [])
    rows = []
    for key, field in schema["properties"].items():
        if key != "type":
            default = "required" if key in required else _absent(field.get("default"))
            rows.append((f"`{key}`", _type(field), default, MEANINGS[f"{name}.{key}"]))
    title = "option" if name != "backoff" else "option of `backoff`"
    return table((title, "value", "default", "means"), rows)


def _absent(default: Any) -> str:
    return "absent" if default is None else f"`{json.dumps(default)}`"


def _type(field: Mapping[str, Any]) -> str:
    """Return a JSON Schema's type in words."""
    parts = [found for found in field.get("anyOf", [field]) if found.get("type") != "null"]
    return " or ".join(dict.fromkeys(_one_type(part) for part in parts))


def _one_type(part: Mapping[str, Any]) -> str:
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if "oneOf" in part:
        return "action"
    if "$ref" in part:
        named = str(part["$ref"]).rsplit("/", 1)[1].lower()
        return named if named == "selector" else "object"
    if "type" not in part:
        return "any JSON"
    low = part.get("minimum", part.get("exclusiveMinimum"))
    if low is None:
        return "text"
    sign = "above " if "exclusiveMinimum" in part else ""
    return f"{part['type']}, {sign}{low:,} to {part['maximum']:,.0f}"


def frames(kind: str) -> str:
    """Return the frames of a golden run in which the action takes effect."""
    name, number = FRAMES[kind]
    told = golden(name)
    place = next(
        place
        for place, frame in enumerate(told)
        if frame["type"] == "policy_triggered" and frame["payload"]["action"] == kind
    )
    shown = [{key: frame[key] for key in ("type", "message", "payload")} for frame in told[place : place + number]]
    return "\n\n".join([f"From the run `{name}`:", *("\n".join(_json(frame)) for frame in shown)])


def golden(name: str) -> list[dict[str, Any]]:
    """Return the frames of a golden run, without its summary."""
    lines = (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [frame for frame in map(json.loads, lines) if frame["type"] != "summary"]


def effects() -> str:
    """Return what each action records and sends."""
    rows = [(f"`{kind}`", _codes(effect(kind)), _codes(_frame_types(kind))) for kind in act.ACTION_TYPES]
    return "\n".join(table(("action", "events", "frames"), rows))


def _frame_types(kind: str) -> list[str]:
    name, number = FRAMES[kind]
    types = [(frame["type"], frame["payload"]) for frame in golden(name)]
    place = next(
        place for place, found in enumerate(types) if found[0] == "policy_triggered" and found[1]["action"] == kind
    )
    return [type_ for type_, _ in types[place : place + number]]


def nestings() -> str:
    """Return where actions nest."""
    rows = [
        (f"`{kind}`", _codes(key for key, _ in act.nested(FULL[kind])) or NONE)
        for kind in act.ACTION_TYPES
    ]  # fmt: skip
    return "\n".join(table(("action", "actions inside"), rows))


def situations() -> str:
    """Return what becomes of each action, one table a source."""
    found = {(cell.source, cell.action, cell.situation): cell for cell in cells()}
    parts = []
    for source in SOURCES:
        rows = [
            (f"`{kind}`", *(_becomes(found[source, kind, situation]) for situation in SITUATIONS))
            for kind in act.ACTION_TYPES
        ]
        barred = [cell for cell in cells() if cell.source == source and cell.becomes == "cannot_occur"]
        codes = sorted({cell.code for cell in barred if cell.code})
        note = ["", f"Where it cannot occur, an attempt is refused with {_codes(codes)}."] if codes else []
        parts.append("\n".join([f"**Source `{source}`**", "", *table(("action", *SITUATIONS), rows), *note]))
    return "\n\n".join(parts)


def _becomes(cell: Cell) -> str:
    match cell.becomes:
        case "acts":
            return "acts"
        case "waits":
            return "waits" if cell.outcome == "matched" else f"waits, {cell.outcome}"
        case "refused":
            return f"`{cell.code}`"
        case _:
            return "cannot occur"


def sequences() -> str:
    """Return the events of each cell, equal ones told once."""
    told: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells():
        if cell.events:
            told.setdefault((cell.source, cell.action, cell.becomes, cell.events, cell.later), []).append(cell)
    parts = []
    for source in SOURCES:
        rows = [
            (f"`{action}`", ", ".join(found.situation for found in group), _flow(events), _flow(later) or NONE)
            for (whose, action, _, events, later), group in told.items()
            if whose == source
        ]
        head = ("action", "situation", "this commit", "later, in the commit that returns the run to running")
        parts.append("\n".join([f"**Source `{source}`**", "", *table(head, rows)]))
    return "\n\n".join(parts)


def ways_back() -> str:
    """Return which facts empty the inbox."""
    until = {cell.situation: cell.until for cell in cells() if cell.until}
    return "\n".join(table(("while", "until"), [(f"`{key}`", _codes(found)) for key, found in until.items()]))


def order() -> str:
    """Return the total order of directives on one signal."""
    return "\n".join([f"1. severity: {_chain(SEVERITY)}", f"2. class: {_chain(CLASSES)}", "3. declaration"])


def rails() -> str:
    """Return the guard rails and their defaults."""
    fields = GuardRails.model_json_schema(by_alias=True)["properties"]
    rows = [(f"`{key}`", _absent(field["default"]), _type(field), RAILS[key]) for key, field in fields.items()]
    return "\n".join(table(("`policies.guardRails`", "default", "value", "caps"), rows))


def outcomes() -> str:
    """Return every outcome with what it means and a reason from a golden run."""
    rows = [(f"`{outcome}`", OUTCOMES[outcome][0], _reason(outcome)) for outcome in get_args(Outcome)]
    return "\n".join(table(("outcome", "means", "a reason, as recorded"), rows))


def _reason(outcome: str) -> str:
    name = OUTCOMES[outcome][1]
    told = [
        found["reason"]
        for frame in (golden(name) if name else ())
        for found in (frame["payload"]["outcomes"] if frame["type"] == "policy_evaluated" else ())
        if found["outcome"] == outcome and found["reason"]
    ]
    return f"{told[0]} (`{name}`)".replace("|", "\\|") if told else NONE


def flags() -> str:
    """Return what becomes of each action on a matching signal while a flag is off, as tried."""
    rows = []
    for flag in FLAGS:
        for test in (None, {"$node.attempt": {">=": 1}}) if flag == "predicates" else (None,):
            name = f"`{FLAGS[flag]}`" + (", directive with a `when`" if test else "")
            rows.append((name, *(_with_flag_off(flag, kind, test) for kind in act.ACTION_TYPES)))
    return "\n".join(table(("off", *act.ACTION_TYPES), rows))


def _with_flag_off(flag: str, kind: str, test: Mapping[str, Any] | None) -> str:
    action = {"type": kind, **({"event": "seen"} if kind == "emit" else {})}
    directive = {
        "id": "acting",
        "trigger": {"selector": {"node": "A"}},
        "action": action,
        **({"when": test} if test else {}),
    }
    document = {
        "envelope": {
            "objective": "o",
            "inputs": {"brief": 1},
            "outputContract": {"mode": "facets", "facets": ["copy"]},
            "policies": {"runtime": [directive]},
        },
        "capabilities": [
            {"id": "writer", "inputs": ["brief"], "outputs": ["copy"], "script": [{"outputs": {"copy": 1}}]}
        ],
        "flags": {flag: False},
        "plan": {"nodes": [{"id": "A", "capability": "writer"}]},
        "planner": [],
    }
    for commit in simulate(validated(Scenario, document, "scenario")).commits:
        for event in commit.events:
            for policy, outcome, _ in event.outcomes if isinstance(event, ev.SignalEvaluated) else ():
                if policy == "acting":
                    return "acts" if outcome == "matched" else outcome
    return "not evaluated"


def legacy_actions() -> str:
    """Return the earlier names of actions, with what an author reads."""
    rows = [
        (f"`{old}`", f"`{new}`", _refusal({"id": "p", "action": {"type": old}}, RuntimePolicy))
        for old, new in LEGACY_ACTIONS.items()
    ]
    return "\n".join(table(("earlier name", "use", "refused with"), rows))


def legacy_fields() -> str:
    """Return the earlier fields, with what an author reads."""
    rows = [(f"`{old}`", new, _refusal({old: 1}, TaskPolicies)) for old, new in LEGACY_FIELDS.items()]
    return "\n".join(table(("earlier field", "use", "refused with"), rows))


def _refusal(document: Mapping[str, Any], model: type[PolicyModel]) -> str:
    try:
        validated(model, document, "policy")
    except InvalidDocument as refused:
        return f"`{refused.problems[0]}`"
    raise AssertionError(f"{document} is taken")


# --- lifecycle -------------------------------------------------------------------------------------------------------


def chart() -> str:
    """Return the chart as a state diagram; what leaves a status as it is stands in the table of events."""
    moves: dict[tuple[str, str], list[str]] = {}
    for (before, event), targets in transitions().items():
        for after in targets:
            if before != after:
                moves.setdefault((before, after), []).append(event)
    place: dict[str, int] = {status: index for index, status in enumerate(STATUSES)}
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {STATUSES[0]}: RunStarted"]
    for before, after in sorted(moves, key=lambda move: (place[move[0]], place[move[1]])):
        lines.append(f"    {before} --> {after}: {', '.join(moves[before, after])}")
    return "\n".join([*lines, *(f"    {status} --> [*]" for status in STATUSES if status in FINAL), "```"])


def moves() -> str:
    """Return, for each event and status, the statuses that may follow."""
    open_statuses = [status for status in STATUSES if status not in FINAL]
    rows: dict[tuple[str, ...], list[str]] = {}
    for event in EVENT_NAMES:
        row = tuple(_targets(status, event) for status in open_statuses)
        rows.setdefault(row, []).append(event)
    told = [(_codes(events), *row) for row, events in rows.items()]
    return "\n".join(table(("event", *open_statuses), told))


def _targets(status: str, event: str) -> str:
    found = transitions().get((status, event), frozenset())
    if found == {status}:
        return "stays"
    return ", ".join(target if target != status else "stays" for target in STATUSES if target in found) or NONE


def commands() -> str:
    """Return what each command comes to in each status, as tried."""
    runs = worlds()
    rows = []
    for name, made in COMMANDS.items():
        tried = (_tried(runs[status], made) for status in STATUSES)
        rows.append((name, _no_run(made), *tried))
    return "\n".join(table(("command", "no run", *STATUSES), rows))


def _tried(runs: Sequence[State], made: "Making") -> str:
    """Return all that the command comes to in these states, where what it speaks of exists."""
    found = [_answer(state, kind, fields) for state in runs for kind, fields in made(state)]
    return " or ".join(sorted(set(found))) or NONE


def _answer(state: State | None, kind: type[cmd.CommandBase], fields: Mapping[str, Any]) -> str:
    run_id, at = (state.run_id, state.at) if state else (RUN, START)
    command: Any = kind(**{"run_id": run_id, "id": "a command", "at": at, "actor": "ops", **fields})
    try:
        events = decide(state, command)
    except CommandRejected as refused:
        return f"`{refused.code}`"
    return events[0].kind if events else "nothing"


def _no_run(made: "Making") -> str:
    some = Run(*DIRECTIVES).planned()
    some.do(cmd.TriggerPolicy, policy_id="ask")
    found = {_answer(None, kind, fields) for kind, fields in made(some.now)}
    return " or ".join(sorted(found)) or "`run_not_found`"


Making = Callable[[State], Iterable[tuple[type[cmd.CommandBase], dict[str, Any]]]]

DIRECTIVES: Final[list[dict[str, Any]]] = [
    {"id": "ask", "trigger": {"kind": "manual"}, "action": {"type": "hitl", "timeoutMs": 60_000}},
    {"id": "replan", "trigger": {"kind": "manual"}, "action": {"type": "replan"}},
    {"id": "stop", "trigger": {"kind": "manual"}, "action": {"type": "fail"}},
    {"id": "hear", "trigger": {"kind": "manual"}, "action": {"type": "emit", "event": "heard"}},
    {"id": "slow", "trigger": {**on_node("A", "onTimeout"), "ms": 1000.0}, "action": {"type": "emit", "event": "slow"}},
]


def worlds() -> dict[Status, list[State]]:
    """Return states of real runs by status: open ones, the same paused, failed and cancelled, and completed ones."""
    histories: list[Callable[[], Run]] = [
        lambda: Run(*DIRECTIVES),
        lambda: Run(*DIRECTIVES).planned(),
        lambda: Run(*DIRECTIVES).planned().ran("A", COPY),
        lambda: _fired(Run(*DIRECTIVES).planned(), "ask"),
        lambda: _fired(Run(*DIRECTIVES).planned(), "ask").decided("approve"),
        lambda: _fired(_fired(Run(*DIRECTIVES).planned(), "ask").decided("approve").ran("A", COPY), "ask"),
        lambda: _fired(_fired(Run(*DIRECTIVES).planned(), "ask").decided("approve").ran("A", COPY), "replan"),
        lambda: _fired(Run(*DIRECTIVES).planned(), "replan"),
    ]
    open_runs = [history().now for history in histories]
    after = [
        *(history().do(cmd.PauseRun).now for history in histories),
        *(history().do(cmd.CancelRun).now for history in histories),
        *(_fired(history(), "stop").now for history in histories),
        _fired(Run(*DIRECTIVES).planned(), "ask").decided("approve").ran("A", COPY).ran("B", REPORT).now,
    ]
    found: dict[Status, list[State]] = {status: [] for status in STATUSES}
    for state in [*open_runs, *after]:
        found[state.status].append(state)
    return found


def _fired(run: Run, policy_id: str) -> Run:
    return run.do(cmd.TriggerPolicy, policy_id=policy_id, actor="ops")


def _start(_state: State) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    some = Run().now
    envelope = {"objective": "o", "outputContract": {"mode": "freeform"}}
    yield cmd.StartRun, {"envelope": envelope, "context": some.context, "catalog": some.catalog}


def _planner(state: State, *, is_open: bool) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    answer = Decline(reason="cannot help")
    if not is_open:
        yield cmd.AnswerPlanner, {"request_id": "another", "answer": answer}
    elif state.handshake is not None and not state.is_final:
        yield cmd.AnswerPlanner, {"request_id": state.handshake.request_id, "answer": answer}


def _outcome(state: State, *, of: str) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    for node, found in state.nodes.items():
        result = COPY if node == "A" else REPORT
        awaited = found.attempt if of == "awaited" and found.unanswered else 0
        recorded = found.attempt if of == "recorded" and not found.unanswered else 0
        attempt = 99 if of == "never" else awaited or recorded
        if attempt:
            yield cmd.RecordOutcome, {"node_id": node, "attempt": attempt, "outcome": result}


def _timer(state: State, *, is_pending: bool) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    at = "2027-01-01T00:00:00.000000Z"
    if not is_pending:
        yield cmd.FireTimer, {"timer_id": "not pending", "at": at}
    for timer in state.timers if is_pending else ():
        yield cmd.FireTimer, {"timer_id": timer.id, "at": at}


def _decision(state: State, *, of: str) -> Iterator[tuple[type[cmd.CommandBase], dict[str, Any]]]:
    known = state.requests.items()
    found = {
        "open": list(state.open_requests),
        "decided": [key for key, request in known if request.decision],
        "lapsed": [key for key, request in known if not request.decision and key not in state.open_requests],
        "unknown": ["nobody's"],
    }
    for request in found[of]:
        yield cmd.ResolveHitl, {"request_id": request, "decision": "approve"}


def _plain(_state: State, kind: type[cmd.CommandBase], **fields: Any) -> Iterator[tuple[type[cmd.CommandBase], Any]]:
    yield kind, fields


COMMANDS: Final[Mapping[str, Making]] = {
    "StartRun, with the same run id": _start,
    "AnswerPlanner, to the open request": partial(_planner, is_open=True),
    "AnswerPlanner, to another request": partial(_planner, is_open=False),
    "RecordOutcome, of an attempt that is awaited": partial(_outcome, of="awaited"),
    "RecordOutcome, of an attempt that has one": partial(_outcome, of="recorded"),
    "RecordOutcome, of an attempt that never started": partial(_outcome, of="never"),
    "FireTimer, of a timer that is due": partial(_timer, is_pending=True),
    "FireTimer, of one that is not pending": partial(_timer, is_pending=False),
    "ResolveHitl, of an open request": partial(_decision, of="open"),
    "ResolveHitl, of a decided request": partial(_decision, of="decided"),
    "ResolveHitl, of a request that lapsed": partial(_decision, of="lapsed"),
    "ResolveHitl, of an unknown request": partial(_decision, of="unknown"),
    "PauseRun": partial(_plain, kind=cmd.PauseRun),
    "ResumeRun": partial(_plain, kind=cmd.ResumeRun),
    "CancelRun": partial(_plain, kind=cmd.CancelRun),
    "TriggerPolicy, of a manual directive": partial(_plain, kind=cmd.TriggerPolicy, policy_id="hear"),
    "TriggerPolicy, of another directive": partial(_plain, kind=cmd.TriggerPolicy, policy_id="slow"),
    "TriggerPolicy, of an unknown directive": partial(_plain, kind=cmd.TriggerPolicy, policy_id="nobody"),
    "ReceiveSignal": partial(_plain, kind=cmd.ReceiveSignal, signal=SignalEnvelope(metrics={"m": 1.0})),
    "ReceiveSignal, about an unknown node": partial(
        _plain, kind=cmd.ReceiveSignal, signal=SignalEnvelope(metrics={"m": 1.0}, node="nobody")
    ),
}


# --- writing ---------------------------------------------------------------------------------------------------------

SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    **{f"shape {kind}": partial(shape, kind) for kind in act.ACTION_TYPES},
    **{f"frames {kind}": partial(frames, kind) for kind in act.ACTION_TYPES},
    "effects": effects,
    "nestings": nestings,
    "situations": situations,
    "sequences": sequences,
    "ways back": ways_back,
    "order": order,
    "guard rails": rails,
    "outcomes": outcomes,
    "flags": flags,
    "legacy actions": legacy_actions,
    "legacy fields": legacy_fields,
    "chart": chart,
    "moves": moves,
    "commands": commands,
}

_PART: Final = re.compile(r"(<!-- generated: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rewritten(document: str) -> str:
    """Return a document with its generated parts made anew."""
    return _PART.sub(lambda found: f"{found[1]}{SECTIONS[found[2]]()}\n{found[3]}", document)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a Markdown table, line by line."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _json(document: Any) -> list[str]:
    return ["```json", *json.dumps(document, indent=2, ensure_ascii=False).splitlines(), "```"]


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _flow(events: Iterable[str]) -> str:
    return " → ".join(events)


def _chain(names: Iterable[str]) -> str:
    return " > ".join(f"`{name}`" for name in names)


def main(arguments: Sequence[str]) -> int:
    """Rewrite the documents, or say which are stale; return 1 if any is."""
    stale = 0
    for path in DOCUMENTS:
        document = path.read_text(encoding="utf-8")
        fresh = rewritten(document)
        if fresh == document:
            continue
        if "--check" in arguments:
            stale = 1
            print(f"{path.relative_to(ROOT)} is stale; run scripts/docs_tables.py", file=sys.stderr)
        else:
            path.write_text(fresh, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
