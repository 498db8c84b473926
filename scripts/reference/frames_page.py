"""The page of the frames: fields from the model, payload keys from the scenarios of the tests."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

from scripts.reference.docstrings import docstring, table_of
from scripts.reference.fields import fields
from scripts.reference.markdown import json_block, table

from flexes.policy.problems import validated
from flexes.run.evolve import evolve
from flexes.scenario.documents import load_document
from flexes.scenario.model import Scenario
from flexes.scenario.simulate import simulate
from flexes.view import frames as view
from flexes.view.frame import Frame, FrameType
from flexes.view.frames import frames_of

Seen = dict[str, list[set[str]]]
"""The payload keys of every frame that was seen, by type or kind."""

_SCENARIOS: Final = Path(__file__).resolve().parents[2] / "tests" / "transcripts" / "scenarios"
_INTRODUCTION: Final = """\
# Frames

A frame is what a client of the feed sees of an event. `flexes frames RUN` prints a run's feed as server-sent events, \
`--format json` as JSON lines, `--follow` goes on as events come, and `--all` gives every run.

```text
id: 0000000000000001-0
event: start
data: {"type":"start", ...}
```

The `id` is opaque, and the same in a run's feed and in the feed of all runs. Send the last one back as \
`Last-Event-ID` (`--after ID`): after any cut the concatenation equals the uncut feed. After the last frame there is \
nothing yet, which is no error. Fields are only ever added, so a client that knows the earlier ones keeps working; \
clients should pass over types and fields that they do not know. Values under keys named like secrets (`token`, \
`password`, `apiKey`, ...) are redacted.

Which events have which frames:

"""
_TYPES: Final = """
## Types and payloads

Keys in brackets are there only where they apply; all others always are, null where there is nothing.

"""
_EXAMPLES: Final = ("policy_triggered", "plan_updated", "complete")
_MEANINGS: Final = {
    "start": "a run begins; shows the inputs, the contract and the warnings of the normalizer",
    "plan_requested": "the planner is asked",
    "plan_rejected": "its answer was refused, or it declined or crashed",
    "plan_generated": "plan version 1",
    "plan_updated": "a later plan version, with delta, rationale and the directives that caused it",
    "rewrite_started": "a node that rewrites another one is about to start",
    "node_start": "an attempt begins; `cause` says why a node runs again",
    "node_complete": "an attempt delivered",
    "node_error": "an attempt failed",
    "validation_error": "outputs broke their contract; a node_error follows",
    "policy_evaluated": "directives looked at a signal; every outcome, with expression and reason",
    "policy_triggered": "an action takes effect; one shape for all six",
    "hitl_request": "a person is asked",
    "hitl_resolved": "a person, or the time limit, decided",
    "paused": "the run was suspended",
    "resumed": "a paused run goes on",
    "complete": "the one terminal frame, whatever ended the run",
}


def frames() -> str:
    """Return the page of the frames, with the payload keys that the scenarios of the tests show."""
    seen, logs, examples = _simulated_frames()
    rows = [(f"`{kind}`", _MEANINGS[kind], _keys(seen[kind])) for kind in get_args(FrameType) if kind != "log"]
    parts = [
        _INTRODUCTION,
        table_of(view.__doc__ or ""),
        f"\n## Fields of every frame\n\n{docstring(Frame, has_table=True)}\n\n{fields(Frame)}",
        _TYPES,
        table(("type", "when", "payload"), rows),
        "\n\nA `log` says which kind it is in `payload.kind`:\n\n",
        table(("kind", "payload"), [(f"`{kind}`", _keys(logs[kind])) for kind in sorted(logs)]),
        "\n",
        *(f"\n## Example: {kind}\n\n{json_block(examples[kind])}\n" for kind in _EXAMPLES),
    ]
    return "".join(parts)


def _simulated_frames() -> tuple[Seen, Seen, dict[str, Any]]:
    seen: Seen = defaultdict(list)
    logs: Seen = defaultdict(list)
    examples: dict[str, Any] = {}
    for path in sorted(_SCENARIOS.glob("*.yaml")):
        state = None
        for commit in simulate(validated(Scenario, load_document(path), "scenario")).commits:
            for event, before, after in _steps(commit, state):
                for frame in (each.wire() for each in frames_of(event, before, after)):
                    kind, keys = frame["type"], set(frame["payload"])
                    (logs[frame["payload"]["kind"]] if kind == "log" else seen[kind]).append(keys)
                    if path.stem == "quality-rewrite":
                        examples.setdefault(kind, frame)
            state = commit.after
    return seen, logs, examples


def _steps(commit: Any, state: Any) -> Iterator[tuple[Any, Any, Any]]:
    for event in commit.events:
        before = state
        state = evolve(before, event)
        yield event, before, state


def _keys(seen: list[set[str]]) -> str:
    always = set.intersection(*seen)
    return ", ".join(f"`{key}`" if key in always else f"[`{key}`]" for key in sorted(set.union(*seen)))
