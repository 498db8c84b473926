"""The golden runs of tests/transcripts, from which examples are quoted."""

import json
from pathlib import Path
from typing import Any, Final

from scripts.reference.markdown import NONE, json_block
from scripts.reference.meanings import FRAMES, OUTCOMES

_GOLDEN: Final = Path(__file__).resolve().parents[2] / "tests" / "transcripts" / "golden"


def frames(kind: str) -> str:
    """Return the frames of a golden run in which the action takes effect."""
    shown = [{key: frame[key] for key in ("type", "message", "payload")} for frame in _of(kind)]
    return "\n\n".join([f"From the run `{FRAMES[kind][0]}`:", *(json_block(frame) for frame in shown)])


def frame_types(kind: str) -> list[str]:
    """Return the types of those frames."""
    return [frame["type"] for frame in _of(kind)]


def reason(outcome: str) -> str:
    """Return a recorded reason of an outcome, and the run that it is from."""
    name = OUTCOMES[outcome][1]
    told = [
        found["reason"]
        for frame in (golden(name) if name else ())
        for found in (frame["payload"]["outcomes"] if frame["type"] == "policy_evaluated" else ())
        if found["outcome"] == outcome and found["reason"]
    ]
    return f"{told[0]} (`{name}`)".replace("|", "\\|") if told else NONE


def golden(name: str) -> list[dict[str, Any]]:
    """Return the frames of a golden run, without its summary."""
    lines = (_GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [frame for frame in map(json.loads, lines) if frame["type"] != "summary"]


def _of(kind: str) -> list[dict[str, Any]]:
    """Return the frames from the first `policy_triggered` of this action on, as many as are to be shown."""
    name, number = FRAMES[kind]
    told = golden(name)
    place = next(
        place
        for place, frame in enumerate(told)
        if frame["type"] == "policy_triggered" and frame["payload"]["action"] == kind
    )
    return told[place : place + number]
