"""Bytes of events: what a plain dump of the model would write, read back as the event that was written."""

import re
from collections.abc import Iterator

import orjson
import pytest
from tests.transcripts.library import SCENARIOS, told

from flexes.errors import UnreadableEvent
from flexes.ids import RunId
from flexes.run.events import EVENT_TYPES, Event, HitlResolved, NodeStarted, SignalEvaluated
from flexes.store.codec import decode, encode
from flexes.store.grouping import grouped, ungrouped
from flexes.store.port import Row

RUN = RunId("97832576-5179-5254-b54e-e1256e9ea743")
COMMON = {"at": "2026-01-01T00:00:00.000000Z", "actor": "a", "commandId": "c", "planVersion": 1, "decider": 1}


def row(kind: str, fields: object) -> Row:
    """Return a stored event of these bytes."""
    data = fields if isinstance(fields, bytes) else orjson.dumps(fields)
    return Row(1, RUN, 7, kind, data, b"")


def stored() -> Iterator[tuple[Row, Event]]:
    """Yield what the scenarios stored, as bytes and read back."""
    for name in SCENARIOS:
        yield from zip(told(name).rows, told(name).events, strict=True)


def test_encoding_is_a_dump_without_defaults() -> None:
    """Events are as the model would dump them: by alias, in order; but no defaults, and outcomes in groups."""
    kinds = set()
    for _, event in stored():
        left_out = {"run_id", "version", "operation_id", "signal_id"}
        fields = event.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=left_out)
        if isinstance(event, SignalEvaluated):
            signal = {} if event.signal_id == f"signal-{event.version - 1}" else {"signalId": event.signal_id}
            fields |= {"outcomes": grouped(event.outcomes), **signal}
        assert encode(event).data == orjson.dumps({**fields, "schemaVersion": event.schema_version})
        kinds.add(event.kind)
    assert kinds == set(EVENT_TYPES), "the scenarios hold an event of each type"


def test_decoding_is_what_validation_would_make() -> None:
    """An event that is read and trusted equals one that is validated, field by field and type by type."""
    for found, event in stored():
        fields = {**orjson.loads(found.data), "run_id": found.run_id, "version": found.version}
        if isinstance(event, SignalEvaluated):
            fields = {"signalId": f"signal-{found.version - 1}", **fields, "outcomes": ungrouped(fields["outcomes"])}
        validated = type(event).model_validate(fields)
        assert event == validated
        assert repr(event) == repr(validated)
        assert list(event.__dict__) == list(type(event).model_fields)


def test_keys_may_come_in_any_order() -> None:
    """What a key means does not depend on its place, as in bytes that another writer stored."""
    fields = {**COMMON, "nodeId": "n", "attempt": 1, "capabilityId": "c", "schemaVersion": 1}
    backwards = dict(reversed(fields.items()))
    assert decode(row("NodeStarted", backwards)) == decode(row("NodeStarted", fields))
    assert decode(row("NodeStarted", fields)).model_copy() == NodeStarted.model_validate(
        {**fields, "run_id": RUN, "version": 7}
    )


def test_absent_fields_get_defaults_of_their_own() -> None:
    """A default that could be changed is not shared between events."""
    fields = {**COMMON, "requestId": "r", "decision": "approve", "by": "b", "schemaVersion": 1}
    one, other = decode(row("HitlResolved", fields)), decode(row("HitlResolved", fields))
    assert isinstance(one, HitlResolved)
    assert isinstance(other, HitlResolved)
    assert one.edits == {}
    assert one.edits is not other.edits


def test_sequences_are_tuples_again() -> None:
    """Sequences of an event that was read are those of one that was made (style rule 6)."""
    outcomes = [["matched", None, "p"], ["skipped", "false", "q"]]
    about = {"signalKind": "node_completed", "nodeId": "n", "attempt": 1, "outcomes": outcomes}
    event = decode(row("SignalEvaluated", {**COMMON, **about, "schemaVersion": 1}))
    assert isinstance(event, SignalEvaluated)
    assert event.outcomes == (("p", "matched", None), ("q", "skipped", "false"))


def test_a_signal_is_named_after_the_event_before_it() -> None:
    """The id of a signal is stored only where it is not that of the event right before its evaluation."""
    about = {"signalKind": "node_completed", "nodeId": "n", "attempt": 1, "outcomes": []}
    follows = decode(row("SignalEvaluated", {**COMMON, **about, "schemaVersion": 1}))
    waited = decode(row("SignalEvaluated", {**COMMON, **about, "signalId": "signal-3", "schemaVersion": 1}))
    assert isinstance(follows, SignalEvaluated)
    assert isinstance(waited, SignalEvaluated)
    assert (follows.version, follows.signal_id, waited.signal_id) == (7, "signal-6", "signal-3")
    assert b"signalId" not in encode(follows).data
    assert b'"signalId":"signal-3"' in encode(waited).data


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("Started", COMMON, "unknown event type 'Started'; upgrade flexes"),
        ("Resumed", b"{", "not JSON"),
        ("Resumed", [], "not an object; run `flexes verify`"),
        ("Resumed", {**COMMON, "schemaVersion": 2}, "Resumed has schema version 2"),
        ("Resumed", {**COMMON, "schemaVersion": True, "extra": 1}, "Resumed has no field 'extra'; upgrade flexes"),
        ("Resumed", {**COMMON, "schemaVersion": 1.0}, "Resumed has schema version 1.0"),
        ("NodeStarted", {**COMMON, "nodeId": "n"}, "NodeStarted lacks attempt, capability_id; run"),
    ],
)
def test_what_no_release_stored_is_refused(kind: str, fields: object, told: str) -> None:
    """An unknown type, version or field, and a missing one, are refused by name (semantics 10)."""
    with pytest.raises(UnreadableEvent, match=re.escape(told)):
        decode(row(kind, fields))
